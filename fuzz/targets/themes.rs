//! A theme: every role has a look that the terminal can show, whatever the file says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quarterdeck_tui::theme::{Depth, Role, load};

fuzz_target!(|text: &str| {
    let (theme, _problems) = load::from_text(text);
    for depth in [Depth::None, Depth::Ansi, Depth::Indexed, Depth::True] {
        for ascii in [false, true] {
            let fitted = theme.clone().fitted(depth, ascii);
            for role in Role::ALL {
                let look = fitted.style(*role);
                assert!(
                    depth != Depth::None || (look.fg.is_none() && look.bg.is_none()),
                    "{} has a colour",
                    role.name()
                );
            }
        }
    }
});
