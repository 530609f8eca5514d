//! Exchanges that share a connection, with a server that speaks HTTP/2.

use super::*;
use purlin_core::config::{Http2, Protocols};
use purlin_core::{
    Body as Content, Event, Id, Machine, ResponseHead, ServerConfig, ServerMachine, Status,
    Version, server,
};

const HOST: &str = "http://a.test";

fn client() -> Agent<Virtual> {
    let mut settings = Settings::new().no_proxy();
    settings.machine.protocols = Protocols::Http2;
    agent_of(settings)
}

/// The server's end of a connection.
struct Server {
    machine: server::Connection,
    pipe: Pipe,
    taken: usize,
    asked: Vec<(Id, String)>,
}

impl Server {
    /// One that takes so many requests at once.
    fn new(pipe: Pipe, most: u32) -> Server {
        let http2 = Http2 { max_concurrent: most, ..Http2::default() };
        let protocols = Protocols::Http2;
        let config = ServerConfig { protocols, http2, ..ServerConfig::default() };
        let machine = server::Connection::new(Arc::new(config), world::now());
        Server { machine, pipe, taken: 0, asked: Vec::new() }
    }

    /// Takes what the client said, and says what there is to say.
    fn turn(&mut self) {
        let now = world::now();
        let heard = self.pipe.heard_since(self.taken);
        self.taken += self.machine.receive(&heard, now);
        while let Some(event) = self.machine.poll_event(now) {
            match event {
                Event::Request { id, head, .. } => self.asked.push((id, head.target().to_owned())),
                Event::Reset { id, .. } => {
                    self.asked.retain(|(asked, _)| *asked != id);
                    let _ = self.machine.discard(id, now);
                }
                _ => {}
            }
        }
        let mut out = Vec::new();
        self.machine.transmit(&mut out, usize::MAX, now);
        self.pipe.say_bytes(&out);
    }

    /// Answers this request with what was asked for.
    fn answer(&mut self, at: usize) {
        let (id, target) = self.asked.remove(at);
        self.answer_with(id, target.into());
    }

    fn answer_with(&mut self, id: Id, content: Bytes) {
        let head = ResponseHead::new(Status::OK);
        self.machine.respond(id, &head, Content::Full(content), world::now()).unwrap();
        self.turn();
    }

    fn go_away(&mut self) {
        self.machine.shutdown(world::now());
        self.turn();
    }
}

/// A request under way, or what came of it.
enum Doing<'a> {
    Runs(Box<Run<'a, Virtual>>),
    Reads(Body<Virtual>, Vec<u8>),
    Done(Result<String, Error>),
}

fn ask<'a>(agent: &'a Agent<Virtual>, target: &str) -> Doing<'a> {
    does(agent, Request::get(format!("{HOST}{target}").as_str()))
}

fn does(agent: &Agent<Virtual>, request: Request<Feed>) -> Doing<'_> {
    Doing::Runs(Box::new(run(agent, request)))
}

impl<'a> Doing<'a> {
    /// The run that it is.
    fn take_run(&mut self) -> Run<'a, Virtual> {
        match std::mem::replace(self, Doing::Done(Ok(String::new()))) {
            Doing::Runs(run) => *run,
            _ => panic!("it does not run"),
        }
    }

    /// Goes on; says whether it is over.
    fn poll(&mut self) -> bool {
        loop {
            match self {
                Doing::Runs(run) => match poll(run) {
                    Poll::Pending => return false,
                    Poll::Ready(Err(error)) => *self = Doing::Done(Err(error)),
                    Poll::Ready(Ok(answer)) => {
                        let (received, body) = self.take_run().deliver(answer).unwrap();
                        assert_eq!(received.version(), Version::Http2);
                        *self = Doing::Reads(body, Vec::new());
                    }
                },
                Doing::Reads(body, read) => match chunk(body) {
                    Poll::Pending => return false,
                    Poll::Ready(Ok(Some(piece))) => read.extend_from_slice(&piece),
                    Poll::Ready(Ok(None)) => {
                        let read = String::from_utf8(std::mem::take(read)).unwrap();
                        *self = Doing::Done(Ok(read));
                    }
                    Poll::Ready(Err(error)) => *self = Doing::Done(Err(error)),
                },
                Doing::Done(_) => return true,
            }
        }
    }

    fn read(&self) -> &str {
        match self {
            Doing::Done(Ok(read)) => read,
            Doing::Done(Err(error)) => panic!("{error}"),
            _ => panic!("it is not over"),
        }
    }
}

/// Every one goes on, with whatever connects.
fn turn(all: &mut [Doing<'_>]) -> bool {
    look_up();
    dialled();
    let over: Vec<bool> = all.iter_mut().map(Doing::poll).collect();
    over.into_iter().all(|over| over)
}

/// A server for each connection that there is; each takes so many at once.
fn serve(servers: &mut Vec<Server>, most: u32) {
    for pipe in pipes().into_iter().skip(servers.len()) {
        servers.push(Server::new(pipe, most));
    }
    servers.iter_mut().for_each(Server::turn);
}

/// What the pool knows: shared connections, seats, requests that wait, connections in use.
fn known(agent: &Agent<Virtual>) -> [usize; 4] {
    let url = purlin_core::Url::parse(HOST).unwrap();
    let route = Route::to(&url, None);
    agent.pool().look(|pool| {
        [pool.shared(&route), pool.seats(&route), pool.waiting(&route), pool.in_use(&route)]
    })
}

#[test]
fn a_hundred_requests_share_one_connection_and_are_answered_in_any_order() {
    let agent = client();
    let mut all: Vec<Doing<'_>> = (0..100).map(|n| ask(&agent, &format!("/{n}"))).collect();
    let mut servers = Vec::new();
    assert!(!turn(&mut all));
    assert!(!turn(&mut all) && !turn(&mut all));
    serve(&mut servers, 100);
    assert_eq!((servers.len(), servers[0].asked.len()), (1, 100));
    assert_eq!(known(&agent), [1, 100, 0, 0]);
    while !servers[0].asked.is_empty() {
        let last = servers[0].asked.len() - 1;
        servers[0].answer(last / 2);
    }
    assert!(turn(&mut all) || turn(&mut all));
    for (number, one) in all.iter().enumerate() {
        assert_eq!(one.read(), format!("/{number}"));
    }
    drop(all);
    assert_eq!((known(&agent), agent.pool().idle()), ([0; 4], 1));
}

#[test]
fn one_after_the_other_uses_the_connection_that_is_idle() {
    let agent = client();
    let mut servers = Vec::new();
    for number in 0..3 {
        let mut one = [ask(&agent, &format!("/{number}"))];
        (0..3).for_each(|_| assert!(!turn(&mut one)));
        serve(&mut servers, 100);
        servers[0].answer(0);
        assert!(turn(&mut one));
        assert_eq!(one[0].read(), format!("/{number}"));
    }
    assert_eq!((pipes().len(), agent.pool().idle()), (1, 1));
}

#[test]
fn a_server_that_takes_one_at_a_time_gets_one_at_a_time_once_that_is_known() {
    let mut settings = Settings::new().no_proxy().max_per_host(1);
    settings.machine.protocols = Protocols::Http2;
    let agent = agent_of(settings);
    let mut all: Vec<Doing<'_>> = (0..5).map(|n| ask(&agent, &format!("/{n}"))).collect();
    let mut servers: Vec<Server> = Vec::new();
    let mut most = Vec::new();
    while !turn(&mut all) {
        serve(&mut servers, 1);
        most.extend(servers.iter().map(|server| server.asked.len()));
        // What was refused comes back.
        turn(&mut all);
        servers.iter_mut().for_each(Server::turn);
        if servers.first().is_some_and(|server| !server.asked.is_empty()) {
            servers[0].answer(0);
        }
        advance(Duration::from_millis(50));
    }
    for (number, one) in all.iter().enumerate() {
        assert_eq!(one.read(), format!("/{number}"));
    }
    assert_eq!((servers.len(), most.into_iter().max()), (1, Some(1)));
}

#[test]
fn what_begins_behind_a_goaway_goes_elsewhere_and_what_was_taken_is_answered() {
    let agent = client();
    let mut servers = Vec::new();
    let mut first = [ask(&agent, "/1")];
    (0..3).for_each(|_| assert!(!turn(&mut first)));
    serve(&mut servers, 100);
    servers[0].go_away();
    assert!(!turn(&mut first));
    let mut second = [ask(&agent, "/2")];
    (0..3).for_each(|_| assert!(!turn(&mut second)));
    serve(&mut servers, 100);
    assert_eq!((servers.len(), known(&agent)), (2, [2, 2, 0, 0]));
    servers[1].answer(0);
    servers[0].answer(0);
    assert!(turn(&mut first) && turn(&mut second));
    assert_eq!((first[0].read(), second[0].read()), ("/1", "/2"));
    assert_eq!((known(&agent), agent.pool().idle()), ([0; 4], 1));
}

#[test]
fn who_does_not_read_keeps_nobody_waiting() {
    let agent = client();
    let mut all = [ask(&agent, "/slow"), ask(&agent, "/quick")];
    let mut servers = Vec::new();
    (0..3).for_each(|_| assert!(!turn(&mut all)));
    serve(&mut servers, 100);
    let (id, _) = servers[0].asked.remove(0);
    let much = Bytes::from(vec![b'x'; 3 << 20]);
    servers[0].answer_with(id, much.clone());
    // It has its head, and reads no further.
    let Doing::Runs(slow) = &mut all[0] else { panic!() };
    let Poll::Ready(Ok(answer)) = poll(slow) else { panic!() };
    let (_, body) = all[0].take_run().deliver(answer).unwrap();
    assert!(!all[1].poll());
    servers[0].turn();
    servers[0].answer(0);
    assert!(all[1].poll());
    assert_eq!(all[1].read(), "/quick");
    all[0] = Doing::Reads(body, Vec::new());
    while !all[0].poll() {
        servers[0].turn();
    }
    assert_eq!(all[0].read().len(), much.len());
    assert_eq!((known(&agent), agent.pool().idle()), ([0; 4], 1));
}

#[test]
fn a_request_that_is_dropped_wherever_it_is_harms_nobody_else() {
    for stop in 0..8 {
        let agent = client();
        let before = pipes().len();
        let mut all: Vec<Doing<'_>> = (0..3).map(|n| ask(&agent, &format!("/{n}"))).collect();
        let mut servers: Vec<Server> = Vec::new();
        for round in 0..8 {
            if round == stop {
                // The first one moves the bytes, mostly.
                drop(all.remove(0));
            }
            turn(&mut all);
            for pipe in pipes().into_iter().skip(before + servers.len()) {
                servers.push(Server::new(pipe, 100));
            }
            servers.iter_mut().for_each(Server::turn);
            if round > 4 {
                servers.iter_mut().filter(|s| !s.asked.is_empty()).for_each(|s| s.answer(0));
            }
        }
        for _ in 0..20 {
            turn(&mut all);
            servers.iter_mut().for_each(Server::turn);
            servers.iter_mut().filter(|s| !s.asked.is_empty()).for_each(|s| s.answer(0));
        }
        assert!(turn(&mut all), "{stop}");
        all.iter().for_each(|one| assert!(one.read().starts_with('/')));
        drop(all);
        assert_eq!((known(&agent), agent.pool().idle()), ([0; 4], 1), "{stop}");
    }
}

#[test]
fn a_body_that_is_sent_beside_others_comes_whole() {
    let agent = client();
    let feed = Feed::default();
    let mut all =
        [does(&agent, Request::post(HOST).stream(feed.clone(), None)), ask(&agent, "/other")];
    let mut servers = Vec::new();
    (0..3).for_each(|_| assert!(!turn(&mut all)));
    serve(&mut servers, 100);
    let id = servers[0].asked[0].0;
    feed.give("one ");
    assert!(!turn(&mut all));
    servers[0].answer(1);
    assert!(!turn(&mut all));
    assert_eq!(all[1].read(), "/other");
    feed.give("two");
    feed.end();
    assert!(!turn(&mut all));
    servers[0].turn();
    let mut came = Vec::new();
    while let purlin_core::Recv::Data(piece) = servers[0].machine.recv(id, world::now()) {
        came.extend_from_slice(&piece);
    }
    assert_eq!(came, b"one two");
    servers[0].answer(0);
    assert!(turn(&mut all));
}

#[test]
fn a_time_that_is_over_ends_one_and_no_other() {
    let mut settings = Settings::new().no_proxy();
    settings.machine.protocols = Protocols::Http2;
    let agent = agent_of(settings);
    let short = Request::get(HOST).timeout(Duration::from_secs(5));
    let mut all = [does(&agent, short), ask(&agent, "/long")];
    let mut servers = Vec::new();
    (0..3).for_each(|_| assert!(!turn(&mut all)));
    serve(&mut servers, 100);
    advance(Duration::from_secs(5));
    assert!(!turn(&mut all));
    let Doing::Done(Err(error)) = &all[0] else { panic!("it is not over") };
    assert!(error.is_timeout(), "{error}");
    serve(&mut servers, 100);
    assert_eq!(servers[0].asked.len(), 1, "the server is told that one is given up");
    servers[0].answer(0);
    assert!(turn(&mut all));
    assert_eq!(all[1].read(), "/long");
}

#[test]
fn a_connection_that_ends_fails_all_who_have_a_seat() {
    let agent = client();
    let post = || Request::post(HOST).body("x");
    let mut all = [does(&agent, post()), does(&agent, post())];
    let mut servers = Vec::new();
    (0..3).for_each(|_| assert!(!turn(&mut all)));
    serve(&mut servers, 100);
    servers[0].pipe.end();
    assert!(turn(&mut all) || turn(&mut all));
    assert!(all.iter().all(|one| matches!(one, Doing::Done(Err(_)))));
    assert_eq!((known(&agent), agent.pool().idle()), ([0; 4], 0));
}
