//! Serves an empty cluster on a loopback port and writes a kubeconfig for it:
//! `cargo run -p quarterdeck-sim --example serve -- FILE [PORT]`.

use quarterdeck_sim::{Clock, ServeOptions, SimServer, Store};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let file = args.next().unwrap_or_else(|| "sim.kubeconfig".into());
    let port: u16 = args.next().and_then(|p| p.parse().ok()).unwrap_or(0);
    let addr = Some(std::net::SocketAddr::from(([127, 0, 0, 1], port)));
    let server =
        SimServer::start(Store::new(Clock::system()), ServeOptions { addr, ..ServeOptions::default() }).await?;
    std::fs::write(&file, server.kubeconfig_yaml())?;
    println!("serving on {}, kubeconfig in {file}", server.url());
    tokio::signal::ctrl_c().await?;
    server.stop().await;
    Ok(())
}
