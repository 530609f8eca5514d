//! Measures matching and registration, and prints a line of JSON for each measurement.
//!
//! It does not build or compare anything else: `run.py` does, see there.
//!
//! `bench-router match`: all routes of `bench_routes.json`, Purlin and matchit.
//! `bench-router register [SHAPE [N]]`: 10,000 routes, or N, of each shape.
//! `bench-router shapes`: the routes of each shape, for other programs to register.
//! `bench-router once purlin|matchit|nothing`: 100 rounds of matching, to count instructions.

mod shapes;

use std::hint::black_box;
use std::time::Instant;

use purlin_core::router::{Routed, Router};
use serde_json::{Value, json};

const ROUTES: &str = include_str!("../../../tests/vectors/routing/bench_routes.json");
const HOST: &str = "example.test";
const SAMPLES: usize = 31;

/// A request of the benchmark, and the pattern it must come to.
struct Request {
    method: String,
    path: String,
    pattern: String,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["match"] => measure_matching(),
        ["register"] => measure_registration("", 10_000),
        ["register", shape] => measure_registration(shape, 10_000),
        ["register", shape, n] => measure_registration(shape, n.parse().expect("a number")),
        ["shapes"] => println!("{}", all_shapes()),
        ["once", what] => once(what),
        _ => {
            eprintln!(
                "usage: bench-router match | register [SHAPE [N]] | shapes | once purlin|matchit|nothing"
            )
        }
    }
}

fn requests() -> Vec<Request> {
    let all: Value = serde_json::from_str(ROUTES).expect("the routes are JSON");
    let text = |route: &Value, field: &str| route[field].as_str().expect("a string").to_owned();
    let read = |route: &Value| Request {
        method: text(route, "method"),
        path: text(route, "path"),
        pattern: text(route, "pattern"),
    };
    all["routes"].as_array().expect("a list").iter().map(read).collect()
}

fn purlin(requests: &[Request]) -> Router<usize> {
    let mut router = Router::new();
    for (number, request) in requests.iter().enumerate() {
        router.insert(&request.pattern, number).expect("the routes go together");
    }
    router
}

/// One matchit router for each method: it has no methods itself.
type ByMethod = Vec<(String, matchit::Router<usize>)>;

fn matchit_routers(requests: &[Request]) -> ByMethod {
    let mut routers = ByMethod::new();
    for (number, request) in requests.iter().enumerate() {
        let path = to_matchit(request.pattern.split(' ').next_back().unwrap_or_default());
        let at = routers.iter().position(|(method, _)| *method == request.method);
        let at = at.unwrap_or_else(|| {
            routers.push((request.method.clone(), matchit::Router::new()));
            routers.len() - 1
        });
        routers[at].1.insert(path, number).expect("matchit takes the route");
    }
    routers
}

fn to_matchit(path: &str) -> String {
    path.replace("{$}", "").replace("...}", "}").replace("{rest}", "{*rest}")
}

fn purlin_round(router: &Router<usize>, requests: &[Request]) -> usize {
    let mut sum = 0;
    for request in requests {
        match router.route(black_box(&*request.method), HOST, black_box(&*request.path)) {
            Routed::Found { value, params, .. } => {
                black_box(&params);
                sum += value;
            }
            other => panic!("{other:?}"),
        }
    }
    sum
}

/// As above, and reads all parameters.
fn purlin_round_with_params(router: &Router<usize>, requests: &[Request]) -> usize {
    let mut sum = 0;
    for request in requests {
        match router.route(black_box(&*request.method), HOST, black_box(&*request.path)) {
            Routed::Found { value, params, .. } => {
                params.iter().for_each(|param| assert!(!black_box(param.raw).is_empty()));
                sum += value;
            }
            other => panic!("{other:?}"),
        }
    }
    sum
}

fn matchit_round(routers: &ByMethod, requests: &[Request]) -> usize {
    let mut sum = 0;
    for request in requests {
        let method = black_box(&*request.method);
        let (_, router) = routers.iter().find(|(m, _)| m == method).expect("a method");
        let found = router.at(black_box(&request.path)).expect("a route");
        black_box(&found.params);
        sum += found.value;
    }
    sum
}

/// Nanoseconds for one match, on average over a few hundred rounds.
fn time(matches: usize, round: &dyn Fn() -> usize) -> f64 {
    let rounds = 400;
    let start = Instant::now();
    for _ in 0..rounds {
        black_box(round());
    }
    start.elapsed().as_nanos() as f64 / (rounds * matches) as f64
}

fn measure_matching() {
    let requests = requests();
    let (router, routers) = (purlin(&requests), matchit_routers(&requests));
    let expected: usize = (0..requests.len()).sum();
    let subjects: [(&str, &dyn Fn() -> usize); 3] = [
        ("purlin", &|| purlin_round(&router, &requests)),
        ("purlin, parameters read", &|| purlin_round_with_params(&router, &requests)),
        ("matchit", &|| matchit_round(&routers, &requests)),
    ];
    let mut times = [const { Vec::new() }; 3];
    for (_, round) in subjects {
        assert_eq!(round(), expected);
    }
    // They take turns, so that a busy machine is busy for all of them.
    for _ in 0..SAMPLES {
        for ((_, round), times) in subjects.iter().zip(&mut times) {
            times.push(time(requests.len(), round));
        }
    }
    for ((what, _), mut times) in subjects.into_iter().zip(times) {
        times.sort_by(f64::total_cmp);
        let (least, median, most) = (times[0], times[SAMPLES / 2], times[SAMPLES - 1]);
        println!(
            "{}",
            json!({"bench": "match", "what": what, "ns": median, "min": least, "max": most})
        );
    }
}

fn all_shapes() -> Value {
    let shape = |(shape, patterns)| json!({"shape": shape, "patterns": patterns});
    shapes::all(10_000).into_iter().map(shape).collect()
}

/// Registers each shape whose name has the wanted text in it.
fn measure_registration(wanted: &str, n: usize) {
    for (shape, patterns) in shapes::all(n) {
        if shape.contains(wanted) {
            measure("purlin", shape, &patterns, register_purlin);
            measure("matchit", shape, &patterns, register_matchit);
        }
    }
}

fn register_purlin(patterns: &[String]) -> bool {
    let mut router = Router::new();
    let all = patterns.iter().all(|pattern| router.insert(pattern, ()).is_ok());
    black_box(router);
    assert!(all, "the routes go together");
    all
}

/// matchit knows neither hosts nor methods, and refuses more: only shapes that
/// it takes as they are.
fn register_matchit(patterns: &[String]) -> bool {
    let mut router = matchit::Router::new();
    let fits = |p: &String| p.starts_with('/') && !p.contains("{$}") && !p.contains("...}");
    let all = patterns.iter().all(|p| fits(p) && router.insert(p.as_str(), ()).is_ok());
    black_box(router);
    all
}

fn measure(what: &str, shape: &str, patterns: &[String], register: fn(&[String]) -> bool) {
    let mut times: Vec<f64> = Vec::new();
    for _ in 0..7 {
        let start = Instant::now();
        if !register(patterns) {
            return;
        }
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    println!(
        "{}",
        json!({"bench": "register", "shape": shape, "what": what, "routes": patterns.len(),
               "ms": times[3], "min": times[0], "max": times[6]})
    );
}

fn once(what: &str) {
    let requests = requests();
    let (router, routers) = (purlin(&requests), matchit_routers(&requests));
    for _ in 0..100 {
        match what {
            "purlin" => black_box(purlin_round(&router, &requests)),
            "matchit" => black_box(matchit_round(&routers, &requests)),
            _ => black_box(0),
        };
    }
}
