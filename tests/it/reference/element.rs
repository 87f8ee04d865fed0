//! What the published types of the element name.

/// Its events, members and attributes, written as the page writes them.
pub(super) fn names(types: &str, react: &str) -> Vec<String> {
    let mut names = Vec::new();
    names.extend(lines(types, "export interface SpinEvents {").filter_map(|line| name_before(line, ':')));
    for line in lines(types, "export class GirasolSpin ") {
        let is_static = line.starts_with("static ");
        let line =
            line.trim_start_matches("static ").trim_start_matches("readonly ").trim_start_matches("set ");
        if line.starts_with("addEventListener") {
            continue;
        }
        let Some(name) = line.split(['(', ':']).next().filter(|name| is_name(name)) else { continue };
        let is_method = line[name.len()..].starts_with('(') && line.contains("):");
        names.push(match (is_static, is_method) {
            (true, _) => format!("GirasolSpin.{name}"),
            (false, true) => method(line, name),
            (false, false) => name.to_owned(),
        });
    }
    let props = lines(react, "export interface GirasolSpinProps ").filter_map(|line| name_before(line, ':'));
    names.extend(props.map(|name| name.trim_end_matches('?').to_owned()).filter(|name| name != "children"));
    names
}

/// As it is called in the page: with its parameter, or with an example of one.
fn method(line: &str, name: &str) -> String {
    match line.split_once('(').and_then(|(_, rest)| rest.split(')').next()) {
        Some("") | None => format!("{name}()"),
        Some(parameter) if parameter.contains("Choices") => format!("{name}({{metal: \"rose-gold\"}})"),
        Some(parameter) => format!("{name}({})", parameter.split(':').next().unwrap_or_default()),
    }
}

/// The members of a declaration, a line each, without comments.
fn lines<'a>(text: &'a str, head: &str) -> impl Iterator<Item = &'a str> {
    let body = text.split_once(head).unwrap_or_else(|| panic!("there is no {head}")).1;
    let body = body.split_once("\n}").unwrap().0;
    // Deeper lines are parameters and the insides of comments.
    let is_member = |line: &&str| line.starts_with("  ") && !line.starts_with("   ");
    body.lines().filter(is_member).map(str::trim).filter(|line| !line.starts_with("/*"))
}

fn name_before(line: &str, end: char) -> Option<String> {
    let name = line.split_once(end)?.0.trim_end_matches('?');
    is_name(name).then(|| name.to_owned())
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
