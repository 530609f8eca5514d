//! Holds the shapes that routes are registered in: each is hard for some way of finding conflicts.
//!
//! It does not measure. Within a shape no two routes conflict.

/// Each shape's name and its patterns.
pub fn all(n: usize) -> Vec<(&'static str, Vec<String>)> {
    let each = |pattern: &dyn Fn(usize) -> String| (0..n).map(pattern).collect::<Vec<_>>();
    vec![
        ("literal: /r7", each(&|i| format!("/r{i}"))),
        ("long literal: /section-7-overview/", each(&|i| format!("/section-{i:05}-overview/x"))),
        ("subtree: /r7/", each(&|i| format!("/r{i}/"))),
        (
            "subtree and its own: /r7/, /r7/{$}",
            each(&|i| format!("/r{}/{}", i / 2, ["", "{$}"][i % 2])),
        ),
        ("rest: /r7/{rest...}", each(&|i| format!("/r{i}/{{rest...}}"))),
        ("host alone: h7.test/", each(&|i| format!("h{i}.test/"))),
        ("host, one path: h7.test/a/{b}", each(&|i| format!("h{i}.test/a/{{b}}"))),
        ("method alone: M7 /", each(&|i| format!("M{i} /"))),
        ("all wild, by method: M7 /{a}/{b}", each(&|i| format!("M{i} /{{a}}/{{b}}"))),
        ("all wild, by host: h7.test/{a}/{b}", each(&|i| format!("h{i}.test/{{a}}/{{b}}"))),
        ("all wild, by depth and method", each(&|i| format!("M{} {}", i / 20, wilds(i % 20 + 1)))),
        ("methods of each path: M7 /r7", each(&|i| format!("M{} /r{}", i % 10, i / 10))),
        ("wild first: /{a}/r7", each(&|i| format!("/{{a}}/r{i}"))),
        ("wild last: /r7/{a}", each(&|i| format!("/r{i}/{{a}}"))),
        ("wild in the middle: /api/{a}/r7", each(&|i| format!("/api/{{a}}/r{i}"))),
        ("wild first and last: /{a}/r7/{b}", each(&|i| format!("/{{a}}/r{i}/{{b}}"))),
        ("REST: GET /r7/{id}", rest(n)),
        ("both sides, by method", each(&|i| both_sides(i))),
        ("both sides, by last: /r7/{b}/a, /{a}/r7/b", each(&|i| sides_by_last(i))),
        ("both sides, by middle: /r7/{b}/y7, /{a}/l/z7", each(&|i| sides_by_middle(i))),
        ("three sides", each(&|i| three_sides(i))),
        ("deep, shared: /a/a/../r7", each(&|i| format!("{}/r{i}", "/a".repeat(20)))),
        ("deep, own: /r7/s7/../z7", each(&|i| (0..10).map(|d| format!("/{d}x{i}")).collect())),
        ("deep, wild: /{a}/../r7", each(&|i| format!("{}/r{i}", wilds(20)))),
        ("every choice of a and {x}, then r7", each(&|i| format!("{}/r{i}", choices(i, 13)))),
        (
            "every choice of a, b and {x}, by host",
            each(&|i| format!("h{}.test{}", i % 2, choices(i, 13)) + &format!("/r{}", i / 2)),
        ),
        ("words of three letters, depth 9", each(&|i| words(i))),
        ("nested subtrees", each(&|i| format!("/r{}{}/", i / 50, "/s".repeat(i % 50)))),
        (
            "literal beside wild: /r7/{a}, /r7/x",
            each(&|i| format!("/r{}/{}", i / 2, ["{a}", "x"][i % 2])),
        ),
        ("under one catch-all: /, /{a}, /{a}/{b}, /r7", under_general(n)),
    ]
}

fn wilds(depth: usize) -> String {
    (0..depth).map(|d| format!("/{{w{d}}}")).collect()
}

fn rest(n: usize) -> Vec<String> {
    let resource = |i: usize| {
        ["GET /r{}", "POST /r{}", "GET /r{}/{id}", "PUT /r{}/{id}", "DELETE /r{}/{id}"]
            .map(|pattern| pattern.replacen("{}", &i.to_string(), 1))
    };
    (0..n / 5).flat_map(resource).collect()
}

fn both_sides(i: usize) -> String {
    if i.is_multiple_of(2) { format!("GET /r{i}/{{b}}") } else { format!("POST /{{a}}/r{i}") }
}

fn sides_by_last(i: usize) -> String {
    if i.is_multiple_of(2) { format!("/r{i}/{{b}}/a") } else { format!("/{{a}}/r{i}/b") }
}

fn sides_by_middle(i: usize) -> String {
    if i.is_multiple_of(2) { format!("/x{i}/{{b}}/y{i}") } else { format!("/{{a}}/l/z{i}") }
}

/// Each kind of pattern keeps every place of the others from telling them apart.
fn three_sides(i: usize) -> String {
    match i % 3 {
        0 => format!("/x{i}/{{b}}/y{i}"),
        1 => format!("/w{i}/m/{{c}}"),
        _ => format!("/{{a}}/l/z{i}"),
    }
}

/// The bits of a number, as `a` or a wildcard.
fn choices(i: usize, depth: usize) -> String {
    (0..depth).map(|d| if i >> d & 1 == 0 { "/a".into() } else { format!("/{{w{d}}}") }).collect()
}

/// The digits of a number in base 3: no literal is rare, and no place is wild.
fn words(i: usize) -> String {
    (0..9).map(|d| ["/a", "/b", "/c"][i / 3_usize.pow(d) % 3]).collect()
}

fn under_general(n: usize) -> Vec<String> {
    let general = ["/", "/{a}", "/{a}/{b}", "/{a}/{b}/{c...}"].map(str::to_owned);
    let literal = |i: usize| match i % 3 {
        0 => format!("/r{i}"),
        1 => format!("/r{i}/{{x}}"),
        _ => format!("/r{i}/x"),
    };
    let (first, last) = general.split_at(2);
    first.iter().cloned().chain((4..n).map(literal)).chain(last.iter().cloned()).collect()
}
