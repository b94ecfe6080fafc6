//! Where people answer a plan's manual checks, and report what they heard.

use maud::{Markup, html};

use super::super::format::one_line;
use super::Forms;

/// Forms that the server records. They stay as they are while the page around them is brought up to date: somebody may be writing.
pub fn forms(forms: Forms<'_>) -> Markup {
    html! {
        section #answers aria-labelledby="answers-title" data-kept {
            h2 #answers-title { "For you to tell " small { "recorded, and counted from then on" } }
            @for item in &forms.asked.items {
                form method="post" action="/check" {
                    input type="hidden" name="proof" value=(forms.proof);
                    input type="hidden" name="item" value=(item.id);
                    p { strong { (one_line(&item.what)) } " " span.about { (one_line(&item.ask)) } }
                    input type="text" name="note" maxlength="1000" aria-label=(format!("What was seen of {}", one_line(&item.what))) placeholder="what was seen";
                    button name="status" value="pass" { "It is as it should be" }
                    button name="status" value="fail" { "It is not" }
                }
            }
            @if !forms.asked.signals.is_empty() {
                form method="post" action="/signal" {
                    input type="hidden" name="proof" value=(forms.proof);
                    p { strong { "A report from outside" } }
                    select name="name" aria-label="What kind of report" {
                        @for name in &forms.asked.signals { option value=(name) { (one_line(&name.replace('_', " "))) } }
                    }
                    input type="text" name="text" maxlength="1000" aria-label="What was said" placeholder="what was said";
                    button { "Report" }
                }
            }
        }
    }
}
