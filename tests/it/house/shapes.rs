//! Sizes and names.

use super::source::files;

const MOST_LINES: usize = 400;
const DRAWERS: &[&str] = &[
    "utils", "util", "helpers", "helper", "common", "types", "models", "misc", "manager",
];

#[test]
fn no_file_is_larger_than_one_can_read() {
    let large: Vec<String> = files("src", ".rs")
        .iter()
        .chain(&files("tests", ".rs"))
        .map(|file| (file.code().lines().count(), file))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .map(|(lines, file)| format!("{} has {lines} lines", file.path))
        .collect();
    assert!(large.is_empty(), "split these: {large:#?}");
}

#[test]
fn the_entry_point_only_enters() {
    let files = files("src", "main.rs");
    let main = files.iter().find(|file| file.path == "src/main.rs");
    let lines = main.expect("main.rs").text.lines().count();
    assert!(lines < 60, "main.rs has {lines} lines");
}

#[test]
fn no_drawer_is_named_after_nothing() {
    let named: Vec<String> = files("src", ".rs")
        .into_iter()
        .chain(files("tests", ".rs"))
        .map(|file| file.path)
        .filter(|path| path.split(['/', '.']).any(|part| DRAWERS.contains(&part)))
        .collect();
    assert!(named.is_empty(), "say what is in these: {named:#?}");
}
