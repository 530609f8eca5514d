//! What is asked, on either adapter.

use super::purlin::Method;
use super::purlin::client::{Client, Request, Response, Settings};
use super::{pause, source};
use crate::Result;
use crate::options::{Body, Group, Hash, Options};
use purlin_tls::{ClientTls, Roots};
use std::fs::File;
use std::io::Write;

function! {
    /// Asks for everything; whether all of it was answered.
    pub(super) fn ask(options: &Options) -> Result<bool> {
        let mut settings = Settings::new().no_proxy().compression(options.compression);
        if let Some(proxy) = &options.proxy {
            settings = settings.proxy(proxy)?;
        }
        if let Some(path) = &options.roots {
            settings = settings.tls(ClientTls::new(Roots::from_file(path)?)?);
        }
        let client = Client::with(settings);
        let mut fine = true;
        for (number, (group, url)) in options.requests().enumerate() {
            if number > 0 {
                wait!(pause(options.pause));
            }
            if let Err(error) = wait!(one(&client, options, group, url)) {
                println!("error: {error}");
                fine = false;
            }
        }
        Ok(fine)
    }
}

function! {
    fn one(client: &Client, options: &Options, group: &Group, url: &str) -> Result<()> {
        let mut response = wait!(client.send(request(group, url)?))?;
        if options.heads {
            print_head(&response);
        }
        let mut file = group.output.as_ref().map(File::create).transpose()?;
        let mut hash = Hash::new();
        while let Some(piece) = wait!(response.body_mut().chunk())? {
            hash.take(&piece);
            file.as_mut().map(|file| file.write_all(&piece)).transpose()?;
        }
        if options.heads {
            let trailers = response.body_mut().trailers();
            for field in trailers.iter().flat_map(|trailers| trailers.iter()) {
                println!("trailer {}: {}", field.name, String::from_utf8_lossy(field.value));
            }
        }
        let kept = match (options.reuse, response.trace().reused) {
            (true, true) => " kept",
            (true, false) => " new",
            (false, _) => "",
        };
        println!("{} {}{kept}", response.status().code(), hash.text());
        Ok(())
    }
}

fn request(group: &Group, url: &str) -> Result<Request> {
    let method = Method::from_bytes(group.method().as_bytes())?;
    let mut request = Request::new(method, url);
    for (name, value) in &group.fields {
        request = request.header(name, value);
    }
    request = match &group.body {
        None => request,
        Some(Body::AtHand(path)) => request.body(std::fs::read(path)?),
        Some(Body::Known(path)) => {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            request.stream(source(file), Some(length))
        }
        Some(Body::Unknown(path)) => request.stream(source(File::open(path)?), None),
    };
    if group.expect {
        request = request.expect_continue();
    }
    if let Some((user, password)) = &group.user {
        request = request.basic_auth(user, password);
    }
    Ok(request)
}

fn print_head(response: &Response) {
    println!("{} {}", response.version(), response.status());
    for field in response.fields().iter() {
        println!("{}: {}", field.name, String::from_utf8_lossy(field.value));
    }
}
