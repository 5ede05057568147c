//! Where a feed's bytes come from. The real one is a [`Cluster`]; tests script theirs.

use crate::Result;
use crate::cluster::{Cluster, Connection, Request, WatchLine};
use bytes::Bytes;
use futures::stream::BoxStream;
use tokio::sync::watch;

/// What a feed needs of a connection.
#[async_trait::async_trait]
pub trait Source: Send + Sync + 'static {
    /// Tells connections apart: stores of different contexts are never shared.
    fn context(&self) -> &str;
    async fn call(&self, request: Request) -> Result<Bytes>;
    async fn lines(&self, request: Request) -> Result<BoxStream<'static, Result<WatchLine>>>;
    fn connection(&self) -> watch::Receiver<Connection>;
}

#[async_trait::async_trait]
impl Source for Cluster {
    fn context(&self) -> &str {
        Cluster::context(self)
    }
    async fn call(&self, request: Request) -> Result<Bytes> {
        Cluster::call(self, request).await
    }
    async fn lines(&self, request: Request) -> Result<BoxStream<'static, Result<WatchLine>>> {
        Cluster::lines(self, request).await
    }
    fn connection(&self) -> watch::Receiver<Connection> {
        Cluster::connection(self)
    }
}
