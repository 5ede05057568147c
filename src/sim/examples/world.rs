//! Serves a world on a loopback port and writes a kubeconfig for it:
//! `cargo run -p quarterdeck-sim --example world -- WORLD FILE [PORT] [STORY] [FAULT…]`.

use quarterdeck_sim::world::{WorldOptions, load};
use quarterdeck_sim::{Clock, ServeOptions, SimServer, World, stories};
use std::sync::Arc;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_else(|| "ominis".into());
    let file = args.next().unwrap_or_else(|| "sim.kubeconfig".into());
    let port: u16 = args.next().and_then(|p| p.parse().ok()).unwrap_or(0);
    let addr = Some(std::net::SocketAddr::from(([127, 0, 0, 1], port)));
    let story = args.next().unwrap_or_else(|| "quiet".into());
    let store = load(&name, &WorldOptions { clock: Clock::system(), ..WorldOptions::default() })?;
    let world = World::default();
    for fault in args {
        world.faults.parse(&fault)?;
    }
    let _story = stories::start(&story, &store, store.clock().clone())?;
    let options = ServeOptions { addr, extension: Some(Arc::new(world)), ..ServeOptions::default() };
    let server = SimServer::start(store, options).await?;
    std::fs::write(&file, server.kubeconfig_yaml())?;
    println!("{name} on {}, kubeconfig in {file}", server.url());
    tokio::signal::ctrl_c().await?;
    server.stop().await;
    Ok(())
}
