//! Columns that share a width: the important ones always, names never cut to uselessness.

/// What a column wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Want {
    /// Width of its title and of its widest visible cell.
    pub natural: u16,
    /// Less than this is of no use.
    pub min: u16,
    /// Columns with a higher number are left out first; 0 never is.
    pub importance: u8,
    /// Numbers and ages are never cut; text may be.
    pub cuttable: bool,
}

/// Blank cells between two columns.
pub const GAP: u16 = 2;

/// The columns that are shown, with their widths, in their order; and how many there are no room for.
pub fn share(wants: &[Want], width: u16) -> (Vec<(usize, u16)>, usize) {
    let floor = |w: &Want| if w.cuttable { w.natural.min(w.min.max(1)) } else { w.natural };
    let mut shown: Vec<usize> = (0..wants.len()).collect();
    let total = |shown: &[usize], f: &dyn Fn(&Want) -> u16| -> u32 {
        shown.iter().map(|i| u32::from(f(&wants[*i]))).sum::<u32>()
            + u32::from(GAP) * shown.len().saturating_sub(1) as u32
    };
    while total(&shown, &floor) > u32::from(width) {
        // The least important goes; of equal ones the last.
        let Some(victim) = (0..shown.len())
            .filter(|i| wants[shown[*i]].importance > 0)
            .max_by_key(|i| (wants[shown[*i]].importance, *i))
        else {
            break;
        };
        shown.remove(victim);
    }
    let hidden = wants.len() - shown.len();
    let mut widths: Vec<u16> = shown.iter().map(|i| floor(&wants[*i])).collect();
    let used = total(&shown, &floor);
    let mut spare = u32::from(width).saturating_sub(used);
    // What is left goes first to the important columns, each up to what it wants.
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(|i| (wants[shown[*i]].importance, *i));
    for i in order {
        let more = u32::from(wants[shown[i]].natural.saturating_sub(widths[i])).min(spare);
        widths[i] += more as u16;
        spare -= more;
    }
    (shown.into_iter().zip(widths).collect(), hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn want(natural: u16, min: u16, importance: u8) -> Want {
        Want { natural, min, importance, cuttable: true }
    }

    #[test]
    fn the_name_stays_and_the_unimportant_goes() {
        let wants = [want(12, 8, 2), want(40, 20, 0), want(10, 10, 1), want(30, 10, 5)];
        let (shown, hidden) = share(&wants, 50);
        assert_eq!(hidden, 1);
        assert_eq!(shown.iter().map(|(i, _)| *i).collect::<Vec<_>>(), [0, 1, 2]);
        assert!(shown[1].1 >= 20);
        let (shown, hidden) = share(&wants, 20);
        assert_eq!((shown, hidden), (vec![(1, 20)], 3));
        let (shown, _) = share(&wants, 200);
        assert_eq!(shown.iter().map(|(_, w)| *w).collect::<Vec<_>>(), [12, 40, 10, 30]);
    }
}
