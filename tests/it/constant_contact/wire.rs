//! The same over HTTP: the network's client against the simulator on loopback.

use shared::http::Network;
use tokio::net::TcpListener;

use super::*;

#[tokio::test]
async fn the_client_speaks_to_the_simulator_over_http() {
    let switches =
        Switches { activity_delay: Duration::ZERO, limited: false, ..Switches::default() };
    let simulator = Simulator::new(Clock::System, switches);
    let list = simulator.add_list("Newsletter").into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(simulator.clone().serve(listener));
    let endpoint = format!("{origin}/v3").parse().unwrap();
    let tokens = format!("{origin}/oauth2/default/v1/token").parse().unwrap();
    let secret = Secret::new(CLIENT_SECRET);
    let connection = Connection::new(endpoint, tokens, CLIENT_ID, secret).unwrap();
    let wire: Arc<dyn Wire> = Arc::new(Network::connect().unwrap());
    let caller = oauth::caller(Arc::clone(&wire));
    let now = Clock::System.now();
    let tokens = oauth::refresh(&caller, &connection, &simulator.authorise(), now).await.unwrap();
    let renew: Renew = Arc::new(move |_refused| {
        let access = tokens.access.clone();
        Box::pin(async move { Ok(access) })
    });
    let reader = Clock::System.reader();
    let client = Client::connect(connection, renew, wire, reader, 100, "gigya_uid");
    client.ensure_custom_field("gigya_uid").await.unwrap();
    let csv = Bytes::from("email,first_name,cf:gigya_uid\nzoe+a@example.com,Zoë,u1\n");
    let id = client.import_csv("run.0.0.csv", csv, &[list].into()).await.unwrap();
    assert!(client.activity(&id).await.unwrap().unwrap().is_over());
    let address = "zoe+a@example.com".parse().unwrap();
    let contact = client.contact_by_address(&address).await.unwrap().unwrap();
    assert_eq!(contact.uid, Some("u1".into()));
    assert_eq!(contact.value(&"first_name".parse().unwrap()), "Zoë");
    server.abort();
}
