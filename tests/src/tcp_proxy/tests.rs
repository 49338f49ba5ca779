use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;

use super::*;

const ANSWER: [u8; 1000] = [7; 1000];

/// A server that reads five bytes, says a thousand, and closes. It ends with the process.
fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for client in listener.incoming() {
            let Ok(mut client) = client else { continue };
            thread::spawn(move || {
                if client.read_exact(&mut [0; 5]).is_ok() {
                    let _ = client.write_all(&ANSWER);
                    let _ = client.shutdown(Shutdown::Write);
                    // Until the other side has closed: closing first with bytes unread would be a reset.
                    let _ = std::io::copy(&mut client, &mut std::io::sink());
                }
            });
        }
    });
    address
}

/// What a client gets through the proxy: how many bytes, and whether that was an end or a reset.
fn asked(proxy: &TcpProxy) -> (usize, Result<(), ErrorKind>) {
    let mut got = Vec::new();
    let asked = TcpStream::connect(proxy.address()).and_then(|mut stream| {
        stream.write_all(b"ask\r\n")?;
        stream.read_to_end(&mut got)
    });
    (got.len(), asked.map(|_| ()).map_err(|error| error.kind()))
}

#[test]
fn each_fault_befalls_its_connection_and_the_next_is_carried() {
    let server = server();
    let check = |fault: Fault, is_as_expected: fn((usize, Result<(), ErrorKind>)) -> bool| {
        let proxy = TcpProxy::start(server, Plan { faults: vec![None, Some(fault)], ..Plan::none() });
        // Until it listens.
        while TcpStream::connect(proxy.address()).is_err() {
            thread::yield_now();
        }
        while proxy.taken() == 0 {
            thread::yield_now();
        }
        let got = asked(&proxy);
        assert!(is_as_expected(got), "{fault:?}: {got:?}");
        assert_eq!(asked(&proxy), (1000, Ok(())), "after {fault:?}");
        assert_eq!(proxy.taken(), 3);
    };
    check(Fault::ResetAtOnce, |(bytes, end)| bytes == 0 && end.is_err());
    check(Fault::ResetInRequest(3), |(bytes, end)| bytes == 0 && end == Err(ErrorKind::ConnectionReset));
    // A reset may overtake the bytes before it.
    check(Fault::ResetInAnswer(300), |(bytes, end)| bytes <= 300 && end == Err(ErrorKind::ConnectionReset));
    check(Fault::CutAnswer(300), |got| got == (300, Ok(())));
    check(Fault::CutAnswer(0), |got| got == (0, Ok(())) || got == (0, Err(ErrorKind::ConnectionReset)));
    check(Fault::Drip(200), |got| got == (1000, Ok(())));
}

#[test]
fn connections_are_refused_until_it_listens() {
    let plan = Plan { refused_for: Duration::from_secs(3600), ..Plan::none() };
    let proxy = TcpProxy::start(server(), plan);
    let refused = TcpStream::connect(proxy.address()).expect_err("nobody listens");
    assert_eq!((refused.kind(), proxy.taken()), (ErrorKind::ConnectionRefused, 0));
}

#[test]
fn the_same_dice_give_the_same_plan() {
    let plan = |seed| Plan::thrown(&mut Dice::new(seed));
    assert_eq!(plan(1), plan(1));
    let plans: Vec<Plan> = (0..200).map(plan).collect();
    assert!(plans.iter().any(|plan| !plan.refused_for.is_zero()));
    let faults: Vec<Fault> = plans.iter().flat_map(|plan| plan.faults.iter().flatten().copied()).collect();
    let kinds: [fn(&Fault) -> bool; 5] = [
        |fault| matches!(fault, Fault::ResetAtOnce),
        |fault| matches!(fault, Fault::ResetInRequest(_)),
        |fault| matches!(fault, Fault::ResetInAnswer(_)),
        |fault| matches!(fault, Fault::CutAnswer(_)),
        |fault| matches!(fault, Fault::Drip(_)),
    ];
    for (number, is_one) in kinds.into_iter().enumerate() {
        assert!(faults.iter().any(is_one), "{number}");
    }
    assert!(!faults.contains(&Fault::Stall));
}
