//! A router that listens on loopback until it is dropped.

use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Something that listens; it stops when this is dropped.
#[derive(Debug)]
pub struct Loopback {
    address: SocketAddr,
    task: JoinHandle<std::io::Result<()>>,
}

impl Loopback {
    pub(super) fn serve(listener: TcpListener, router: axum::Router) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let task = tokio::spawn(axum::serve(listener, router).into_future());
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as a URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.task.abort();
    }
}
