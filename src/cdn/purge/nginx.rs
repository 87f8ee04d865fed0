//! nginx with ngx_cache_purge: one request for each address, under `/purge`.

use futures_util::{StreamExt as _, stream};

use reqwest::RequestBuilder;

use super::{
    asking::{Answered, Asker, Failure},
    message::Message,
};

/// The most requests to one nginx at once.
const AT_ONCE: usize = 8;
/// What it says where it had nothing: which of them depends on its age.
const NOTHING_KEPT: [u16; 2] = [404, 412];

async fn send(asker: Asker, request: RequestBuilder) -> Result<Answered, Failure> {
    asker.send(request, &NOTHING_KEPT, &[]).await
}

/// Tells each of them; all hear it, also where one is down.
pub(super) async fn tell(endpoints: &[String], asker: &Asker, message: &Message) -> Result<(), Failure> {
    let mut told = Ok(());
    for endpoint in endpoints {
        let requests: Vec<_> =
            message.paths.iter().map(|path| asker.client.get(format!("{endpoint}/purge{path}"))).collect();
        let mut answers =
            stream::iter(requests).map(|request| send(asker.clone(), request)).buffer_unordered(AT_ONCE);
        while let Some(answer) = answers.next().await {
            if let Err(failure) = answer {
                told = Err(failure);
                break;
            }
        }
    }
    told
}
