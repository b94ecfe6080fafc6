//! A case as files, to be looked at with the program itself.

use std::fs;
use std::io;
use std::path::Path;

use crate::case::Case;

pub fn write(case: &Case, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join("app.jsonl"), &case.logs.app)?;
    fs::write(folder.join("http.jsonl"), &case.logs.http)?;
    fs::write(folder.join("truth.txt"), truth(case))
}

fn truth(case: &Case) -> String {
    let script = &case.script;
    let times = &script.times;
    let mut text = format!("{}  {}\n", case.number, case.number.kind().name);
    text += &format!("stack     {:?}, {:.1} requests a minute\n", script.stack, script.flow.per_minute);
    for (name, time) in [
        ("log", Some(times.begin)),
        ("before", times.old_start),
        ("deployed", Some(times.deployed)),
        ("switch", Some(times.switch)),
        ("stopped", times.stopped),
        ("fault", script.fault),
        ("end", Some(times.end)),
    ] {
        text += &format!("{name:<9} {}\n", time.map_or("-".to_owned(), |time| time.rfc3339_millis()));
    }
    let right = match (script.fault, script.tolerated) {
        (Some(_), _) => "investigate or rollback",
        (None, true) => "no rollback",
        (None, false) => "healthy, or unknown where little was seen",
    };
    text += &format!("right     {right}\n");
    for (route, number) in script.service.routes.iter().zip(1..) {
        let (method, template) = (route.method, route.template);
        text += &format!(
            "route {number:<3} {method:<6} {template:<30} weight {:.2}, median {:.0} ms, sigma {:.2}\n",
            route.weight, route.median_ms, route.sigma
        );
    }
    for effect in &script.effects {
        let to = effect.span.to.rfc3339_millis();
        let route = effect.route.map_or("all".to_owned(), |route| (route + 1).to_string());
        text += &format!(
            "effect    {} to {to}, route {route}, share {:.3}: {:?}\n",
            effect.span.from.rfc3339_millis(),
            effect.share,
            effect.deed
        );
    }
    text
}
