//! `[encode]`

use assets_pipeline::encode::{Effort, Engine};

use super::setting::{Kind, section};

section! {
    /// How frames are encoded.
    #[derive(Copy, Eq)]
    "encode" EncodeConfig {
        /// The AVIF encoder. `libaom` is the better one at every speed; a build without C++ has `rav1e` alone.
        engine: Engine = Engine::default(), Kind::Word(Engine::ALL.iter().map(|engine| engine.as_str()).collect());
        /// How long encoders may take: `max` takes several times as long as `default` and gives a better spin. Commands
        /// and frame sets that name an effort override it.
        effort: Effort = Effort::default(), Kind::Word(Effort::ALL.iter().map(|effort| effort.as_str()).collect());
    }
}
