//! A report of performance as a page: one file that needs no other, and that a mail can carry.

use maud::{DOCTYPE, html};

use crate::domain::performance::{report::Report, users::UserReport};

use super::sections::{Section, sections, summary};

/// What the page may do: show what is in it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}\
table{border-collapse:collapse;font-variant-numeric:tabular-nums}\
.wide{overflow-x:auto}th,td{text-align:left;padding:.2rem .8rem .2rem 0;border-bottom:1px solid #8884}\
pre{overflow-x:auto}";

/// The whole report.
pub(super) fn of(title: &str, report: &Report, users: &UserReport) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (STYLE) }
            }
            body {
                main {
                    h1 { (title) }
                    @for line in summary(report) { p { (line) } }
                    @for section in sections(report, users) { (section_html(&section)) }
                }
            }
        }
    };
    markup.into_string()
}

fn section_html(Section { head, columns, rows, notes }: &Section) -> maud::Markup {
    html! {
        h2 { (head) }
        @if !rows.is_empty() {
            div.wide tabindex="0" role="region" aria-label=(head) {
                table {
                    thead { tr { @for column in *columns { th scope="col" { (column) } } } }
                    tbody { @for row in rows { tr { @for cell in row { td { (cell) } } } } }
                }
            }
        }
        @if !notes.is_empty() { pre { (notes.join("\n")) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::performance::text::tests::day;

    #[test]
    fn the_page_says_what_the_text_says_and_escapes_it() {
        let (mut report, users) = day();
        report.series[0].series.route = "/<script>".to_owned();
        let page = of("Daily report", &report, &users);
        assert!(page.contains("<title>Daily report</title>") && page.contains("Trend: stable."), "{page}");
        assert!(page.contains("<td>/&lt;script&gt;</td>") && !page.contains("<script>"));
        assert!(page.contains("<h2>Capacity</h2>") && page.contains("  SCAN jobs"));
    }
}
