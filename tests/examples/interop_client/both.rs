//! What is asked, on either adapter.

use super::purlin::Method;
use super::purlin::client::{Client, Request, Response, Settings};
use super::{pause, source};
use crate::Result;
use crate::options::{Hash, Options};
use std::fs::File;
use std::io::Write;

function! {
    /// Asks for everything; whether all of it was answered.
    pub(super) fn ask(options: &Options) -> Result<bool> {
        let mut settings = Settings::new().no_proxy().compression(false);
        if let Some(proxy) = &options.proxy {
            settings = settings.proxy(proxy)?;
        }
        let client = Client::with(settings);
        let mut fine = true;
        let urls = options.urls.iter().cycle().take(options.urls.len() * options.times);
        for (number, url) in urls.enumerate() {
            if number > 0 {
                wait!(pause(options.pause));
            }
            if let Err(error) = wait!(one(&client, options, url)) {
                println!("error: {error}");
                fine = false;
            }
        }
        Ok(fine)
    }
}

function! {
    fn one(client: &Client, options: &Options, url: &str) -> Result<()> {
        let mut response = wait!(client.send(request(options, url)?))?;
        if options.heads {
            print_head(&response);
        }
        let mut file = options.output.as_ref().map(File::create).transpose()?;
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
        println!("{} {}", response.status().code(), hash.text());
        Ok(())
    }
}

fn request(options: &Options, url: &str) -> Result<Request> {
    let method = Method::from_bytes(options.method().as_bytes())?;
    let mut request = Request::new(method, url);
    for (name, value) in &options.fields {
        request = request.header(name, value);
    }
    if let Some(body) = &options.body {
        let (file, length) = body.open()?;
        request = request.stream(source(file), length);
    }
    if options.expect {
        request = request.expect_continue();
    }
    if let Some((user, password)) = &options.user {
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
