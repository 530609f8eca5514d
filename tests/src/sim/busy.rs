//! Systems that take megabytes at once, a process that rests now and then, and a
//! peer that is slow and never late: it must get all that it is owed.
//!
//! Here only the driver can be at fault. It has a [`Habit`], so that each of the
//! bad ones can be seen to be found out.

use super::rests::Rests;
use super::wire::{Carried, Pipe, Quality};
use crate::rng::Rng;
use bytes::Bytes;
use purlin_core::{
    Body, ClientConfig, ClientMachine, Eof, Event, Id, Machine, Method, Mono, Now, Recv,
    RequestHead, ResponseHead, ServerConfig, ServerMachine, Status, Why, client, server,
};
use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

/// What a driver does when a deadline has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// It reads and writes once more, tells what is untaken, and then the time.
    Careful,
    /// It tells the time, and reads and writes afterwards.
    ClockFirst,
    /// It goes by what the system took.
    CountsWritten,
}

/// What the peer, which has no machine, does.
enum Act {
    Send(Vec<u8>),
    Pause(Duration),
    /// Reads slowly until so many bytes have come in all.
    Read(usize),
}

struct World {
    now: Now,
    habit: Habit,
    /// When the process rests.
    rests: Rests,
    out: Pipe,
    input: Pipe,
    /// The system has said that it has no room.
    full: bool,
    acts: VecDeque<Act>,
    until: Option<Mono>,
    got: usize,
    /// So many bytes every so often.
    sip: (usize, Duration),
    failed: Option<String>,
}

impl World {
    fn new(rng: &mut Rng, habit: Habit) -> World {
        let now = Now::at(Mono::ZERO, 784_111_777);
        let quality = Quality { delay: 20, split: 10, stall: 0, capacity: 16 * 1024 };
        let rests = Rests::any(rng, 6, 60_000, now.mono);
        let system = *rng.pick(&[100_000, 400_000, 4_000_000]);
        let mut pipe = || Pipe::new(Rng::new(rng.bits()), quality, None);
        let (out, input) = (pipe().with_system(system), pipe());
        let sip = (*rng.pick(&[1000, 5000]), Duration::from_millis(*rng.pick(&[100, 500, 1000])));
        let (acts, until, failed) = (VecDeque::new(), None, None);
        World { now, habit, rests, out, input, full: false, acts, until, got: 0, sip, failed }
    }

    /// One turn of the driver; says whether anything moved.
    fn drive(&mut self, machine: &mut (impl Machine + ?Sized)) -> bool {
        let now = self.now;
        let late = machine.deadline().is_some_and(|(at, _)| at <= now.mono);
        if late && self.habit == Habit::ClockFirst {
            machine.tick(now);
        }
        let mut moved = self.read(machine);
        if late && self.habit == Habit::Careful {
            self.full = false;
        }
        moved |= self.write(machine);
        if late && self.habit != Habit::ClockFirst {
            if self.habit == Habit::Careful {
                machine.untaken(self.out.untaken(), now);
            }
            machine.tick(now);
        }
        moved || late
    }

    fn read(&mut self, machine: &mut (impl Machine + ?Sized)) -> bool {
        let mut any = false;
        loop {
            let most = machine.read_buf().len();
            match self.input.read(most, self.now.mono).filter(|_| most > 0) {
                None => return any,
                Some(Carried::Bytes(bytes)) => _ = machine.receive(&bytes, self.now),
                Some(Carried::Fin) => machine.eof(Eof::Clean, self.now),
                Some(Carried::Reset) => machine.eof(Eof::Reset, self.now),
            }
            any = true;
        }
    }

    fn write(&mut self, machine: &mut (impl Machine + ?Sized)) -> bool {
        let mut any = false;
        self.full &= !self.out.is_writable();
        while machine.want().write && !self.full {
            let mut slices = [IoSlice::new(&[]); 8];
            let used = machine.output(&mut slices, self.now);
            let mut all = Vec::new();
            slices[..used].iter().for_each(|slice| all.extend_from_slice(slice));
            let count = self.out.write(&all, self.now.mono);
            machine.wrote(count, self.now);
            self.full = count < all.len();
            any |= count > 0;
        }
        let whole = matches!(machine.deadline(), Some((_, Why::FirstByte)));
        if any && whole && self.habit == Habit::Careful {
            machine.untaken(self.out.untaken(), self.now);
        }
        // The peer's time runs from there, also if there is no room.
        machine.output(&mut [IoSlice::new(&[])], self.now);
        any
    }

    /// The peer does what it can; says whether that was anything.
    fn act(&mut self) -> bool {
        let now = self.now.mono;
        let waits = |until: &mut Option<Mono>, wait| *until.get_or_insert(now + wait) > now;
        match self.acts.front_mut() {
            None => return false,
            Some(Act::Pause(wait)) if waits(&mut self.until, *wait) => return false,
            Some(Act::Pause(_)) => {}
            Some(Act::Send(bytes)) => {
                let count = self.input.write(bytes, now);
                bytes.drain(..count);
                if !bytes.is_empty() {
                    return count > 0;
                }
            }
            Some(Act::Read(most)) if self.got < *most => {
                if waits(&mut self.until, self.sip.1) {
                    return false;
                }
                self.until = None;
                match self.out.read(self.sip.0, now) {
                    Some(Carried::Bytes(bytes)) => self.got += bytes.len(),
                    Some(end) => {
                        self.failed = Some(format!("{end:?} after {} of {most} bytes", self.got));
                    }
                    None => {}
                }
                return true;
            }
            Some(Act::Read(_)) => {}
        }
        self.until = None;
        self.acts.pop_front();
        true
    }

    /// Plays until `over`, with this application behind the machine.
    fn play<M: Machine>(
        &mut self,
        machine: &mut M,
        mut app: impl FnMut(&mut M, Now) -> Result<bool, String>,
        over: impl Fn(&World) -> bool,
    ) -> Result<(), String> {
        for _ in 0..1_000_000 {
            let rests = self.rests.until(self.now.mono);
            let mut moved = self.act();
            if rests.is_none() {
                moved |= self.drive(machine) | app(machine, self.now)?;
            }
            if let Some(why) = self.failed.take() {
                return Err(why);
            }
            if over(self) {
                return Ok(());
            }
            if moved {
                continue;
            }
            let deadline = machine.deadline().map(|(at, _)| at).filter(|_| rests.is_none());
            let arrives = self.input.next().filter(|_| rests.is_none() && machine.want().read);
            let reads = matches!(self.acts.front(), Some(Act::Read(_)));
            let comes = self.out.next().filter(|_| reads && self.until.is_none());
            let begins = self.rests.next(self.now.mono).filter(|_| rests.is_none());
            let all = [rests, deadline, arrives, comes, begins, self.until];
            let later = all.into_iter().flatten().filter(|at| *at > self.now.mono).min();
            let next = later.ok_or("everyone waits for ever")?;
            self.now = self.now.later(next.since(self.now.mono));
        }
        Err("no end".to_owned())
    }
}

/// A server and a client that do all well, each with its peer, from this seed.
///
/// # Errors
/// What [`download`] and [`upload`] say.
pub(super) fn both(seed: u64) -> Result<(), String> {
    download(seed, Habit::Careful).map_err(|why| format!("a download: {why}"))?;
    upload(seed, Habit::Careful).map_err(|why| format!("an upload: {why}"))
}

fn millis(rng: &mut Rng, most: usize) -> Duration {
    Duration::from_millis(rng.below(most) as u64)
}

/// A server with this habit, and a client that asks slowly, reads slowly, and is never late.
///
/// # Errors
/// It did not get all its answers.
pub fn download(seed: u64, habit: Habit) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let mut world = World::new(&mut rng, habit);
    let (mut total, mut large) = (0, false);
    for _ in 0..=rng.below(3) {
        let size = *rng.pick(&[0, 100, 300_000, 1_000_000]);
        large |= size > 100;
        let body = *rng.pick(&[0, 0, 5000, 20_000]);
        let head = format!("POST /{size} HTTP/1.1\r\nHost: a\r\nContent-Length: {body}\r\n\r\n");
        let (first, second) = head.split_at(rng.below(head.len()));
        world.acts.push_back(Act::Pause(millis(&mut rng, 40_000)));
        world.acts.push_back(Act::Send(first.into()));
        // The first head's time has begun with the connection.
        let most = if total == 0 { 0 } else { 25_000 };
        world.acts.push_back(Act::Pause(millis(&mut rng, most + 1)));
        world.acts.push_back(Act::Send(second.into()));
        for _ in 0..body / 1000 {
            world.acts.push_back(Act::Pause(millis(&mut rng, 3000)));
            world.acts.push_back(Act::Send(vec![b'x'; 1000]));
        }
        total += answer_length(size);
        world.acts.push_back(Act::Read(total));
    }
    // Until it has been accepted for less than the time of a first head.
    if let Some(Act::Pause(wait)) = world.acts.front_mut() {
        *wait /= 2;
    }
    let mut config = ServerConfig { date: false, ..ServerConfig::default() };
    if large {
        // When the last of it was taken, nobody can tell to the second.
        config.timeouts.idle = Duration::from_secs(3600);
    }
    let mut machine = server::Connection::new(Arc::new(config), world.now);
    let mut open: Option<(Id, usize)> = None;
    let app = |machine: &mut server::Connection, now: Now| {
        let mut moved = false;
        while let Some(event) = machine.poll_event(now) {
            moved = true;
            match event {
                Event::Request { id, head, .. } => {
                    open = Some((id, head.path()[1..].parse().map_err(|_| "a size")?));
                }
                Event::Failed { error, .. } => return Err(format!("at {now:?}: {error}")),
                Event::Closed(reason) => return Err(format!("at {now:?}: {reason}")),
                _ => {}
            }
        }
        let Some((id, size)) = open else { return Ok(moved) };
        loop {
            match machine.recv(id, now) {
                Recv::Data(_) => moved = true,
                Recv::Pending => return Ok(moved),
                Recv::Failed(error) => return Err(format!("at {now:?}: {error}")),
                Recv::End(_) => break,
            }
        }
        open = None;
        let body = Body::Full(vec![b'x'; size].into());
        let answered = machine.respond(id, &ResponseHead::new(Status::OK), body, now);
        answered.map(|()| true).map_err(|misuse| misuse.to_string())
    };
    world.play(&mut machine, app, |world| world.acts.is_empty())
}

fn answer_length(size: usize) -> usize {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n").len() + size
}

/// A client with this habit, and a server that reads slowly, answers slowly, and is never late.
///
/// # Errors
/// It did not get its answer.
pub fn upload(seed: u64, habit: Habit) -> Result<(), String> {
    let mut rng = Rng::new(seed);
    let mut world = World::new(&mut rng, habit);
    let size = *rng.pick(&[0, 100, 300_000, 1_000_000]);
    let mut head = RequestHead::new(Method::POST, "/").map_err(|error| error.to_string())?;
    head.fields_mut().append("Host", "a").map_err(|error| error.to_string())?;
    let length = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n").len();
    world.acts.push_back(Act::Read(length + size));
    world.acts.push_back(Act::Pause(millis(&mut rng, 20_000)));
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n".to_owned() + &"x".repeat(3000);
    for piece in answer.as_bytes().chunks(400 + rng.below(600)) {
        world.acts.push_back(Act::Send(piece.into()));
        world.acts.push_back(Act::Pause(millis(&mut rng, 1500)));
    }
    let config = Arc::new(ClientConfig::default());
    let mut machine = client::Connection::new(config, world.now);
    let body = Body::Full(Bytes::from(vec![b'x'; size]));
    let id = machine.request(&head, body, world.now).map_err(|misuse| misuse.to_string())?;
    let done = std::cell::Cell::new(false);
    let app = |machine: &mut client::Connection, now: Now| {
        let mut moved = false;
        while let Some(event) = machine.poll_event(now) {
            moved = true;
            match event {
                Event::Failed { error, .. } => return Err(format!("at {now:?}: {error}")),
                Event::Closed(reason) if !done.get() => {
                    return Err(format!("at {now:?}: {reason}"));
                }
                _ => {}
            }
        }
        while !done.get() {
            match machine.recv(id, now) {
                Recv::Data(_) => moved = true,
                Recv::Pending => break,
                Recv::Failed(error) => return Err(format!("at {now:?}: {error}")),
                Recv::End(_) => done.set(true),
            }
        }
        Ok(moved)
    };
    world.play(&mut machine, app, |_| done.get())
}
