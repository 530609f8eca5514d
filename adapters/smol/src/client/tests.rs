use super::*;

fn is_send<T: Send>(_: T) {}

#[test]
fn futures_may_move_between_threads() {
    let client = Client::new();
    is_send(client.get("http://a.test/"));
    is_send(async {
        let mut response = get("http://a.test/").await?;
        response.text().await
    });
    is_send(Connection::connect("http://a.test/", Settings::new()));
}
