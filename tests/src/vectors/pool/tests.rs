//! The rules judge scripts right that nobody has seen: where Go goes its ways,
//! which a world that goes them stands for.

use super::*;
use crate::rng::Rng;
use serde_json::json;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const ABC: &str = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc";
const LAST: &str = "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n";

fn any(seed: u64) -> Value {
    let mut dice = Rng::new(seed);
    let mut started = 0;
    let mut ops = Vec::new();
    for _ in 0..40 {
        let (id, conn) = (format!("r{}", 1 + dice.below(started)), 1 + dice.below(5));
        let mut one_of = |all: &[&str]| all[dice.below(all.len())].to_owned();
        let raw = one_of(&[OK, OK, ABC, LAST]);
        let (method, body) = (
            one_of(&["GET", "PUT", "PUT", "DELETE", "POST"]),
            one_of(&["none", "replayable", "stream"]),
        );
        let url = format!("http://{}/", one_of(&["a", "a", "a", "A"]));
        ops.push(match dice.below(14) {
            0..4 => {
                started += 1;
                let id = format!("r{started}");
                json!({"op": "start", "id": id, "method": method, "url": url, "body": body})
            }
            4..8 => json!({"op": "respond", "id": id, "raw": raw}),
            8 => json!({"op": "read_all", "id": id}),
            9 => json!({"op": "server_close", "conn": conn}),
            10 => json!({"op": "server_reset", "conn": conn}),
            11 => json!({"op": "break_write", "conn": conn, "n": dice.below(3) * 10}),
            12 => json!({"op": "close_body", "id": id}),
            _ => json!({"op": "sleep", "ms": 50}),
        });
    }
    let config = json!({"max_conns_per_host": dice.below(3), "idle_conn_timeout_ms": 300});
    json!({"config": config, "ops": ops})
}

#[test]
fn where_go_goes_its_ways_a_script_is_judged_right() {
    let mut differ = 0;
    for seed in 0..1_000 {
        let given = any(seed);
        let as_go = Expected::by(play(&given, &ways(&given), None).unwrap());
        judge(&given, &as_go).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        differ += usize::from(as_go.compare(&play(&given, &[], None).unwrap()).is_err());
    }
    assert!(differ > 100, "{differ}");
}

#[test]
fn a_world_that_goes_gos_ways_and_is_wrong_is_judged_wrong() {
    let mut wrong = 0;
    for seed in 0..300 {
        let given = any(seed);
        for broken in [Broken::SendsAgain, Broken::NoMaxPerHost] {
            let wrongly = Expected::by(play(&given, &ways(&given), Some(broken)).unwrap());
            let rightly = [ways(&given), Vec::new()].map(|ways| play(&given, &ways, None).unwrap());
            if rightly.iter().all(|rightly| wrongly.compare(rightly).is_err()) {
                wrong += 1;
                assert!(judge(&given, &wrongly).is_err(), "seed {seed}: {broken:?}");
            }
        }
    }
    assert!(wrong > 50, "{wrong}");
}
