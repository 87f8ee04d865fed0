use futures_util::{FutureExt as _, StreamExt as _};

use super::*;
use crate::{domain::namespace::Namespace, store::ObjectKey};

const PIECE: usize = 40_000;

struct Setting {
    arrivals: Arc<Arrivals>,
    bytes: Bytes,
    key: ObjectKey,
}

impl Setting {
    fn new() -> Self {
        let bytes: Bytes = (0..3 * PIECE).map(|at| (at % 251) as u8).collect();
        Self { arrivals: Arc::default(), key: ObjectKey::Pack(Digest::of(&bytes)), bytes }
    }

    fn ask(&self) -> (Asked, Option<Reading>) {
        self.arrivals.ask(self.key.within(Namespace::Public))
    }

    fn begin(&self, reading: &Reading) {
        reading.begin(Digest::of(&self.bytes), &Facts { length: self.bytes.len(), sha256: [7; 32] });
    }

    fn piece(&self, n: usize) -> Bytes {
        self.bytes.slice(n * PIECE..(n + 1) * PIECE)
    }

    fn whole(&self) -> Arc<Object> {
        Arc::new(Object::of(&self.key, self.bytes.clone()))
    }

    async fn coming(&self, asked: Asked) -> Coming {
        match asked.begun().await.unwrap() {
            Fetched::Coming(coming) => coming,
            Fetched::Whole(_) => panic!("it is whole"),
        }
    }
}

/// What can be read without waiting.
fn now(stream: &mut (impl Stream<Item = Result<Bytes, Error>> + Unpin)) -> Vec<u8> {
    let mut got = Vec::new();
    while let Some(Some(slice)) = stream.next().now_or_never() {
        got.extend_from_slice(&slice.unwrap());
    }
    got
}

#[tokio::test]
async fn those_that_come_late_are_sent_what_has_come_and_then_the_rest() {
    let setting = Setting::new();
    let (first, reading) = setting.ask();
    let reading = reading.unwrap();
    setting.begin(&reading);
    let all = 0..setting.bytes.len();
    let mut first = Box::pin(setting.coming(first).await.part(all.clone()));
    assert!(now(&mut first).is_empty());
    reading.hand_on(setting.piece(0));
    assert_eq!(now(&mut first), setting.piece(0));
    let (second, none) = setting.ask();
    assert!(none.is_none(), "one task reads it");
    let mut second = Box::pin(setting.coming(second).await.part(all));
    assert_eq!(now(&mut second), setting.piece(0));
    drop(first);
    reading.hand_on(setting.piece(1));
    assert_eq!(now(&mut second), setting.piece(1));
    reading.end(Ok(setting.whole()));
    drop(reading);
    assert_eq!(now(&mut second), setting.piece(2));
    assert!(second.next().await.is_none());
    assert!(setting.ask().1.is_some(), "what has ended is read anew");
}

#[tokio::test]
async fn the_end_of_a_part_waits_until_the_object_is_whole() {
    let setting = Setting::new();
    let (asked, reading) = setting.ask();
    let reading = reading.unwrap();
    setting.begin(&reading);
    reading.hand_on(setting.piece(0));
    reading.hand_on(setting.piece(1));
    let parts = [(0..10, 0), (0..PIECE, 0), (10..PIECE + 1, PIECE - 10), (PIECE..3 * PIECE, PIECE)];
    let mut streams = Vec::new();
    for (part, there) in parts {
        let (asked, _) = setting.ask();
        let mut stream = Box::pin(setting.coming(asked).await.part(part.clone()));
        let got = now(&mut stream);
        assert_eq!(got, setting.bytes[part.start..part.start + there], "{part:?}");
        streams.push((stream, part.start + there..part.end));
    }
    reading.end(Ok(setting.whole()));
    for (mut stream, rest) in streams {
        assert_eq!(now(&mut stream), setting.bytes[rest.clone()], "{rest:?}");
        assert!(stream.next().await.is_none());
    }
    assert!(matches!(asked.begun().await, Ok(Fetched::Whole(_))));
}

#[tokio::test]
async fn a_failure_reaches_all_that_ask_in_place_of_the_end() {
    let setting = Setting::new();
    let (one, reading) = setting.ask();
    let reading = reading.unwrap();
    setting.begin(&reading);
    reading.hand_on(setting.piece(0));
    let mut one = Box::pin(setting.coming(one).await.part(0..setting.bytes.len()));
    let whole = setting.coming(setting.ask().0).await.whole();
    // As of a task that was ended.
    drop(reading);
    let mut last = None;
    while let Some(slice) = one.next().await {
        last = Some(slice);
    }
    assert!(matches!(last, Some(Err(Error::Overloaded))));
    assert!(matches!(whole.await, Err(Error::Overloaded)));
}

#[tokio::test]
async fn the_first_end_counts() {
    let setting = Setting::new();
    let (asked, reading) = setting.ask();
    let reading = reading.unwrap();
    setting.begin(&reading);
    let coming = setting.coming(asked).await;
    reading.end(Err(Error::ObjectDamaged(reading.address())));
    reading.end(Ok(setting.whole()));
    assert!(matches!(coming.whole().await, Err(Error::ObjectDamaged(_))));
}
