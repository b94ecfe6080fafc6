//! Many records, and a fault every few hundred of them: record for record what an undisturbed run would have.

use std::time::{Duration, Instant};

use logwatch::source::railway::Pace;
use logwatch::time::SECOND;

use super::follow::{Heard, fast, follow};
use super::server::Server;
use super::world::{Break, Fault, World, locked};

const RECORDS: i64 = 20_000;
/// Of lines between two faults.
const BURSTS: usize = 10;
/// Connections that are broken, each in one of seven ways.
const FAULTS: usize = 10;

/// What befalls the next socket and the next page.
fn befall(world: &mut World, turn: usize) {
    world.breaks.push_back(match turn % 7 {
        0 => Break::Cut(3),
        1 => Break::Close(4, 1001),
        2 => Break::Complete(2),
        3 => Break::Fail(3),
        4 => Break::Close(2, 4408),
        5 => Break::Empty,
        _ => Break::Refuse(503, Vec::new()),
    });
    world.faults.push_back(match turn % 5 {
        0 => Fault::Page(500, Vec::new(), String::new()),
        1 => Fault::Half,
        2 => Fault::Page(200, Vec::new(), r#"{"errors":[{"message":"Internal server error"}]}"#.into()),
        _ => Fault::Hang(Duration::from_millis(1)),
    });
}

#[test]
fn a_storm_loses_nothing() {
    let mut world = World::new();
    world.poll = 700;
    let server = Server::start(world);
    let mut followed = {
        let since = locked(&server.world).now().saturating_add(-3_600 * SECOND);
        // What is older than twice `settled` is not known any more: that is to be longer than anything waits on a busy machine.
        follow(&server, since, Pace { overlap: Duration::from_millis(300), settled: Duration::from_secs(30), ..fast() })
    };
    let mut heard = Heard::default();
    let mut written = 0;
    let mut expected: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    let mut random = 7u64;
    let start = Instant::now();
    let (mut befallen, mut waited) = (0usize, 0usize);
    // However fast this machine is, each fault befalls what is followed: the next one waits for the one before.
    while written < RECORDS || befallen < FAULTS {
        assert!(start.elapsed() < Duration::from_secs(120), "{befallen} faults, {:?}", followed.link.look());
        {
            let mut world = locked(&server.world);
            waited += 1;
            if world.breaks.is_empty() {
                befall(&mut world, befallen);
                (befallen, waited) = (befallen + 1, 0);
            } else if waited.is_multiple_of(10) {
                // The socket that stands had a fault that does not end it.
                world.generation += 1;
            }
            let now = world.now();
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // A machine that is slow to come to the next fault is not to have ever more to do.
            let burst = if waited < BURSTS { 20 + (random >> 33) as i64 % 400 } else { 4 };
            for at in 0..burst {
                // Some of one time, some that say the same, some a little out of order.
                let time = now.saturating_add((at / 4) * 1_000 - (at % 3) * 2_000_000);
                let says = if at % 10 == 0 { format!("again {}", written / 50) } else { format!("line {written}") };
                if at % 5 == 4 {
                    let path = format!("/{written}");
                    world.request(time, &path, 200);
                    *expected.entry(path).or_default() += 1;
                } else {
                    world.write(time, &says);
                    *expected.entry(says).or_default() += 1;
                }
                written += 1;
            }
        }
        std::thread::sleep(Duration::from_millis(40));
        heard.take(&mut followed);
    }
    // On a busy machine some are found only by the look at what is settled.
    heard.until(&mut followed, written as usize, Duration::from_secs(90));
    let missing: Vec<_> = expected.iter().filter(|(says, times)| heard.0.get(*says) != Some(times)).take(5).collect();
    assert!(
        missing.is_empty() && heard.0.len() == expected.len(),
        "{missing:?} after {:?}, {:?}",
        start.elapsed(),
        followed.link.look()
    );
}
