//! What is served, on either adapter.

use super::purlin::client::{Client, Request as Ask, Settings, redirect};
use super::purlin::{
    Answer, Body, BodyLength, Bytes, Content, Error, InsertError, Method, Mux, Next, Request,
    Response, ResponseHead, ResponseWriter, Result, Source, Status, around,
    client::Error as ClientError, names, streaming,
};
use super::{blocking, carry, connect, duplex, pause, source};
use crate::answers::{self, Hash};
use crate::{cgi, files};
use std::path::Path;
use std::time::Duration;

/// As much as anybody sends here.
const LIMIT: u64 = 1 << 30;

/// What a connection alone is about (RFC 9110 §7.6.1), and lengths, which are told anew.
const HOP_BY_HOP: [&str; 8] = [
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "Proxy-Authorization",
    "TE",
    "Upgrade",
    "Transfer-Encoding",
    "Content-Length",
];

/// The pages, and a forward proxy for what is asked of others.
pub(super) fn site(folder: &Path) -> std::result::Result<Mux, InsertError> {
    let mut mux = Mux::new();
    mux.handle("GET /hello", handler!(|_: Request| "hello\n"))?;
    mux.handle("/head", handler!(|request: Request| answers::head(request.head())))?;
    mux.handle(
        "GET /bytes/{count}",
        handler!(|request: Request| -> Response {
            answers::bytes(request.head(), &request.param("count"))
        }),
    )?;
    mux.handle("/echo", duplex(handler!(|request: Request| echo(request))))?;
    mux.handle("/hash", handler!(|request: Request| wait!(hash(request))))?;
    mux.handle("GET /stream", streaming(handler!(|_: Request, writer| wait!(stream(writer)))))?;
    mux.handle(
        "/redirect/{code}",
        handler!(|request: Request| -> Response { answers::redirect(&request.param("code")) }),
    )?;
    mux.handle(
        "/auth",
        handler!(|request: Request| -> Response { answers::auth(request.head()) }),
    )?;
    mux.handle(
        "GET /slow",
        handler!(|_: Request| {
            wait!(pause(Duration::from_secs(1)));
            "slow\n"
        }),
    )?;
    // Without a look at the body, which may be long.
    mux.handle("/refused", handler!(|_: Request| (Status::CONTENT_TOO_LARGE, "too much\n")))?;
    with_folder(&mut mux, folder)?;
    mux.wrap(around(handler!(|request: Request, next: Next| wait!(outside(request, next)))));
    Ok(mux)
}

fn with_folder(mux: &mut Mux, folder: &Path) -> std::result::Result<(), InsertError> {
    let root = folder.to_owned();
    mux.handle(
        "/files/{path...}",
        handler!(|mut request: Request| {
            let path = request.param("path").into_owned();
            let sent = wait!(whole(request.body_mut()))?;
            Ok::<Response, Error>(files::file(&root, &path, request.head(), &sent))
        }),
    )?;
    let root = folder.to_owned();
    mux.handle(
        "/cgi/{name}/{path...}",
        handler!(|mut request: Request| {
            let body = wait!(whole(request.body_mut()))?.to_vec();
            let (name, path) = (request.param("name").into_owned(), request.param("path"));
            let (path, root) = (path.into_owned(), root.clone());
            let head = request.into_parts().0;
            let run = blocking(move || cgi::run(&root, &name, &path, &head, body));
            Ok::<Response, Error>(wait!(run)?)
        }),
    )?;
    Ok(())
}

fn echo(request: Request) -> Response {
    let kind = request.field("Content-Type").unwrap_or("application/octet-stream").to_owned();
    let length = request.length();
    let mut body = request.into_body();
    body.set_limit(LIMIT);
    let content = match length {
        BodyLength::Empty => Content::Empty,
        BodyLength::Known(length) => Content::Length(length, body.into()),
        BodyLength::Unknown => Content::Stream(body.into()),
    };
    answers::with(Response::new(Status::OK).with_content(content), names::CONTENT_TYPE, &kind)
}

function! {
    fn whole(body: &mut Body) -> Result<Bytes> {
        body.set_limit(LIMIT);
        wait!(body.bytes())
    }
}

function! {
    fn hash(mut request: Request) -> Result<String> {
        let body = request.body_mut();
        body.set_limit(LIMIT);
        let mut hash = Hash::new();
        while let Some(piece) = wait!(body.chunk())? {
            hash.take(&piece);
        }
        Ok(hash.text())
    }
}

function! {
    fn stream(mut writer: ResponseWriter) -> Result<()> {
        writer.fields_mut().append("Content-Type", "text/plain").expect("valid");
        writer.fields_mut().append("Trailer", "Lines").expect("valid");
        for line in 1..=3 {
            wait!(writer.write(format!("line {line}\n").as_bytes()))?;
            wait!(writer.flush())?;
            wait!(pause(Duration::from_millis(100)));
        }
        writer.trailers_mut().append("Lines", "3").expect("valid");
        wait!(writer.finish())
    }
}

function! {
    /// What is asked of others goes there.
    fn outside(request: Request, next: Next) -> Answer {
        if *request.method() == Method::CONNECT {
            wait!(tunnel(request, next.exchange().writer()));
            return Answer::written();
        }
        let target = request.head().target();
        if target.starts_with('/') || target == "*" {
            return wait!(next.run(request));
        }
        let response = wait!(forward(request));
        let refusal = |error: ClientError| -> Response {
            Response::text(format!("{error}\n")).with_status(Status::BAD_GATEWAY)
        };
        Answer::from(response.unwrap_or_else(refusal))
    }
}

function! {
    fn tunnel(request: Request, writer: ResponseWriter) -> () {
        let authority = request.head().target().to_owned();
        let made = match wait!(connect(&authority)) {
            Ok(server) => writer.upgrade(ResponseHead::new(Status::OK)).map(|it| (it, server)),
            Err(_) => {
                // Nobody is there to be told that it did not arrive.
                let _ = wait!(writer.respond(Response::new(Status::BAD_GATEWAY)));
                return;
            }
        };
        match made {
            Ok((client, server)) => wait!(carry(client, server)),
            Err(error) => println!("FAILED tunnel: {error}"),
        }
    }
}

function! {
    fn forward(request: Request) -> std::result::Result<Response, ClientError> {
        let settings = Settings::new().no_proxy().compression(false);
        let client = Client::with(settings.redirects(redirect::Policy { follow: redirect::Follow::Never, ..Default::default() }));
        let length = request.length();
        let (head, mut body) = request.into_parts();
        let mut ask = Ask::new(head.method().clone(), head.target());
        for field in head.fields().iter().filter(|field| passes(field.name)) {
            ask = ask.header(field.name, field.value);
        }
        body.set_limit(LIMIT);
        ask = match length {
            BodyLength::Empty => ask,
            BodyLength::Known(length) => ask.stream(Source::from(body), Some(length)),
            BodyLength::Unknown => ask.stream(Source::from(body), None),
        };
        let response = wait!(client.send(ask))?;
        let mut made = ResponseHead::new(response.status());
        for field in response.fields().iter().filter(|field| passes(field.name)) {
            made.fields_mut().append(field.name, field.value).expect("as it was read");
        }
        let length = response.fields().get("Content-Length").and_then(|length| length.parse().ok());
        let source = source(response.into_body());
        Ok(Response::from_parts(made, match length {
            Some(length) => Content::Length(length, source),
            None => Content::Stream(source),
        }))
    }
}

fn passes(name: &str) -> bool {
    !name.eq_ignore_ascii_case("Host")
        && !HOP_BY_HOP.iter().any(|other| other.eq_ignore_ascii_case(name))
}
