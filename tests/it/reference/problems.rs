//! The kinds of problem, from the table that the server answers with.

use std::fmt::Write as _;

use girasol::http::ProblemKind;

/// The whole page.
pub(super) fn page(kinds: &[ProblemKind]) -> String {
    let mut page = String::from(
        "# Problems\n\nErrors are `application/problem+json` (RFC 9457). `type` is `urn:problem-type:girasol:SLUG`; the slug does not \
         change. `title` names the problem, and `detail` explains it for this request. Answers with 5xx have no \
         detail: the server's log has it.\n\nFiles that are refused answer with the slug of the refusal, as `girasol check` names it.\n",
    );
    let mut status = 0;
    for kind in kinds {
        if kind.status != status {
            status = kind.status;
            let _ = writeln!(page, "\n## {status}");
        }
        let _ = writeln!(page, "\n### {}\n\n**{}.** {}", kind.slug, kind.title, kind.meaning);
    }
    page
}
