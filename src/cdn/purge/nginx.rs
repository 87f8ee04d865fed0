//! nginx with ngx_cache_purge: one request for each address, under `/purge`.

use futures_util::{StreamExt as _, stream};

use reqwest::RequestBuilder;

use super::{
    client::{Client, Response, SendError},
    message::Message,
};

/// The most requests to one nginx at once.
const AT_ONCE: usize = 8;
/// Statuses of an nginx that has nothing cached under the address: which one depends on its version.
const NOTHING_CACHED: [u16; 2] = [404, 412];

async fn get(client: Client, request: RequestBuilder) -> Result<Response, SendError> {
    client.send(request, &NOTHING_CACHED, &[]).await
}

/// Sends to every endpoint, also if one of them is down.
pub(super) async fn send(endpoints: &[String], client: &Client, message: &Message) -> Result<(), SendError> {
    let mut sent = Ok(());
    for endpoint in endpoints {
        let requests: Vec<_> =
            message.paths.iter().map(|path| client.http.get(format!("{endpoint}/purge{path}"))).collect();
        let mut responses =
            stream::iter(requests).map(|request| get(client.clone(), request)).buffer_unordered(AT_ONCE);
        while let Some(response) = responses.next().await {
            if let Err(error) = response {
                sent = Err(error);
                break;
            }
        }
    }
    sent
}
