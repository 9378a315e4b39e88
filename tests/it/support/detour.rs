//! A way to one of the real servers that can be closed, and opened again at the same place.

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::process::listen;
use super::servers;

pub struct Detour {
    target: String,
    port: u16,
    open: Mutex<JoinSet<()>>,
}

impl Detour {
    /// To the server of `POSTGRES`, `MONGODB`, `REDIS` or `NATS`, open.
    pub async fn to(server: &str) -> Self {
        let address = servers::address(server);
        let (_, target) = address.rsplit_once("//").expect("an address");
        let free = listen();
        let detour = Self {
            target: target.to_owned(),
            port: free.local_addr().expect("an address").port(),
            open: Mutex::default(),
        };
        detour.lead(free).await;
        detour
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Every connection breaks, and none is made.
    pub async fn close(&self) {
        self.open.lock().await.shutdown().await;
    }

    pub async fn open(&self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await;
        self.lead(listener.expect("the same port")).await;
    }

    async fn lead(&self, listener: TcpListener) {
        let target = self.target.clone();
        self.open.lock().await.spawn(async move {
            // They end with this task.
            let mut connections = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let mut far = TcpStream::connect(&target).await.expect("the server runs");
                connections.spawn(async move {
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
    }
}
