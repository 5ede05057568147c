//! A proxy on loopback: HTTP CONNECT or SOCKS 5. Whatever name it is asked for, it goes to that port of this machine,
//! so that a server can have a name that nobody else can find.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What a proxy speaks and allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// CONNECT for everybody.
    Http,
    /// CONNECT for those who say this `name:password`.
    HttpFor(&'static str),
    /// Refuses every CONNECT (403).
    Refuses,
    Socks5,
}

/// A running proxy; it takes no new connections once it is dropped.
pub struct Proxy {
    port: u16,
    targets: Arc<Mutex<Vec<String>>>,
    closed: Arc<Mutex<bool>>,
}

impl Proxy {
    /// Starts one on a free port.
    pub fn start(speaks: Speaks) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let targets: Arc<Mutex<Vec<String>>> = Arc::default();
        let closed: Arc<Mutex<bool>> = Arc::default();
        let (seen, over) = (targets.clone(), closed.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if *over.lock().unwrap() {
                    return;
                }
                let (Ok(stream), seen) = (stream, seen.clone()) else { continue };
                std::thread::spawn(move || {
                    let _ = serve(stream, speaks, &seen);
                });
            }
        });
        Proxy { port, targets, closed }
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The `host:port` of every connection so far that was let through.
    pub fn targets(&self) -> Vec<String> {
        self.targets.lock().unwrap().clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        *self.closed.lock().unwrap() = true;
        // Wakes the listener, which then goes.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(client: TcpStream, speaks: Speaks, seen: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let (target, mut answer) = match speaks {
        Speaks::Socks5 => (socks_target(&mut reader, &client)?, vec![5, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
        _ => match connect_target(&mut reader, speaks)? {
            Ok(target) => (target, b"HTTP/1.1 200 Connection established\r\n\r\n".to_vec()),
            Err(refusal) => return (&client).write_all(refusal.as_bytes()),
        },
    };
    let port: u16 = target.rsplit(':').next().and_then(|p| p.parse().ok()).unwrap_or_default();
    let server = TcpStream::connect(("127.0.0.1", port));
    if server.is_err() {
        answer = match speaks {
            Speaks::Socks5 => vec![5, 5, 0, 1, 0, 0, 0, 0, 0, 0],
            _ => b"HTTP/1.1 502 Bad Gateway\r\n\r\n".to_vec(),
        };
    }
    if server.is_ok() {
        seen.lock().unwrap().push(target);
    }
    (&client).write_all(&answer)?;
    let server = server?;
    let (mut from, mut to) = (reader, server.try_clone()?);
    std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    io::copy(&mut &server, &mut &client)?;
    client.shutdown(Shutdown::Write)
}

/// The target of a CONNECT, or what refuses it.
fn connect_target(reader: &mut impl BufRead, speaks: Speaks) -> io::Result<Result<String, String>> {
    use base64::Engine;
    let (mut first, mut authorized) = (String::new(), false);
    reader.read_line(&mut first)?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let (Speaks::HttpFor(pair), Some(given)) = (speaks, line.trim().strip_prefix("Proxy-Authorization: Basic "))
        {
            authorized |= given == base64::engine::general_purpose::STANDARD.encode(pair);
        }
    }
    let refuse = |status: &str| Ok(Err(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")));
    match (speaks, first.split(' ').collect::<Vec<_>>().as_slice()) {
        (Speaks::Refuses, _) => refuse("403 Forbidden"),
        (Speaks::HttpFor(_), _) if !authorized => {
            refuse("407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"corp\"")
        }
        (_, ["CONNECT", target, ..]) => Ok(Ok((*target).to_owned())),
        _ => refuse("405 Method Not Allowed"),
    }
}

/// RFC 1928, without authentication: the target of a CONNECT.
fn socks_target(reader: &mut impl Read, mut client: &TcpStream) -> io::Result<String> {
    let mut take = |n: usize| {
        let mut bytes = vec![0; n];
        reader.read_exact(&mut bytes).map(|()| bytes)
    };
    let hello = take(2)?;
    take(usize::from(hello[1]))?;
    client.write_all(&[5, 0])?;
    let request = take(4)?;
    let host = match request[3] {
        1 => take(4)?.iter().map(u8::to_string).collect::<Vec<_>>().join("."),
        3 => {
            let length = take(1)?[0];
            String::from_utf8_lossy(&take(usize::from(length))?).into_owned()
        }
        _ => return Err(io::Error::other("an address that this proxy does not know")),
    };
    let port = take(2)?;
    Ok(format!("{host}:{}", u16::from_be_bytes([port[0], port[1]])))
}
