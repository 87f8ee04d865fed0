//! A look at a version before it is live: for whoever has the link, until it ends.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY},
    },
    web::{Data, Payload},
};
use maud::{DOCTYPE, html};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    db::{Db, now_ms, versions::StoredVersion},
    domain::{
        audit::Action,
        keys::Role,
        look::{Look, Secret},
    },
    http::{
        body,
        elsewhere::with_objects,
        origin::Origin,
        problem::{Error, Failure},
        query, segment, sequence,
    },
};

use super::{Moment, caller::must_be, secret, secret_json, sequences};

/// What a link's secret is called.
const SECRET: &str = "look";
/// How long links can be worth something.
const HOURS: std::ops::RangeInclusive<i64> = 1..=24 * 90;
const EXAMPLE: &str = r#"{"hours": 72}"#;

/// Nothing but the viewer and what it loads from here.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LookBody {
    hours: i64,
}

#[derive(Serialize)]
struct LookAnswer {
    /// A page.
    link: String,
    /// What a `<girasol-spin>` of one's own takes as `src`.
    sequence: String,
    expires: Moment,
}

/// `POST /api/sequences/{configId}/versions/{version}/look`
pub(super) async fn create(
    request: HttpRequest,
    body: Payload,
    origin: Data<Origin>,
) -> Result<HttpResponse, Failure> {
    query::none(&request)?;
    let caller = must_be(Role::Artist, &request, &origin.db).await?;
    let configuration = sequences::id(&request)?;
    let version = sequences::version(&request)?;
    let LookBody { hours } = body::read_json(&request, body, EXAMPLE).await?;
    if !HOURS.contains(&hours) {
        let (low, high) = HOURS.into_inner();
        return Err(Error::BadField(format!("hours: from {low} to {high}")).into());
    }
    sequences::stored(&origin.db, &configuration, version).await?;
    let until_ms = now_ms() + hours * 3_600_000;
    let subject = configuration.clone();
    let token = Look { configuration, version, until_ms }.sign(&signing(&origin.db).await?);
    let detail = json!({ "version": version, "hours": hours });
    let noted = origin.db.note(&caller.actor, Action::VersionLook, subject.as_str(), &detail).await;
    noted.map_err(Error::from)?;
    let connection = request.connection_info();
    let link = format!("{}://{}/look/{token}", connection.scheme(), connection.host());
    let answer = LookAnswer { sequence: format!("{link}/sequence"), link, expires: Moment(until_ms) };
    Ok(secret_json(StatusCode::CREATED, &answer))
}

/// `GET /look/{token}`: a page with the spin.
pub(super) async fn page(request: HttpRequest, origin: Data<Origin>) -> Result<HttpResponse, Failure> {
    query::none(&request)?;
    let (look, _) = read(&request, &origin.db).await?;
    let Look { configuration, version, until_ms } = &look;
    let product = origin.db.load_product(&configuration.product()).await.map_err(Error::from)?;
    let live = origin.db.pointer(configuration).await.map_err(Error::from)?;
    let is_live = live.is_some_and(|live| live.version == *version);
    let label = product.map_or_else(|| configuration.to_string(), |product| product.label);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (label) " \u{b7} version " (version) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/look.css";
                script type="module" src="/girasol-spin.js" {}
            }
            body {
                main {
                    girasol-spin src=(format!("{}/sequence", request.path())) tier="hd"
                        alt=(format!("{label}, turned by dragging or with the arrow keys")) width="1" height="1" {}
                    h1 { (label) }
                    p { "Version " (version) (if is_live { ", live." } else { ", not published." }) " Drag to turn it." }
                    p.quiet { (configuration) " \u{b7} this link ends " (Moment(*until_ms).readable()) }
                }
            }
        }
    };
    Ok(secret(StatusCode::OK)
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_SECURITY_POLICY, with_objects(&origin, CONTENT_POLICY).await?))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .body(page.into_string()))
}

/// `GET /look/{token}/sequence`: the manifest, negotiated as if it were live.
pub(super) async fn manifest(request: HttpRequest, origin: Data<Origin>) -> Result<HttpResponse, Failure> {
    let (look, version) = read(&request, &origin.db).await?;
    sequence::unpublished(&request, &origin, look.configuration, &version).await
}

async fn read(request: &HttpRequest, db: &Db) -> Result<(Look, StoredVersion), Error> {
    let look = Look::read(segment(request, "token"), &signing(db).await?).ok_or(Error::NoSuchLook)?;
    if look.until_ms <= now_ms() {
        return Err(Error::LookOver);
    }
    let version = db.stored_version(&look.configuration, look.version).await?.ok_or(Error::LookOver)?;
    Ok((look, version))
}

async fn signing(db: &Db) -> Result<Secret, Error> {
    Ok(db.secret(SECRET).await?)
}
