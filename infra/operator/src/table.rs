//! Tables whose columns line up.

/// A table in the making. A heading that ends in `#` is a column of numbers, which stand to the right.
pub(crate) struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// Between two columns.
const GAP: &str = "  ";

impl Table {
    /// A table with these columns.
    pub(crate) fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub(crate) fn row<const CELLS: usize>(&mut self, cells: [String; CELLS]) {
        self.rows.push(cells.into());
    }

    /// The table in words, headings first; nothing where there are no rows.
    pub(crate) fn words(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let headings: Vec<String> =
            self.headings.iter().map(|heading| heading.trim_end_matches('#').to_owned()).collect();
        let lines: Vec<&Vec<String>> = std::iter::once(&headings).chain(&self.rows).collect();
        let width = |column: usize| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..headings.len()).map(width).collect();
        let line = |cells: &&Vec<String>| {
            let padded =
                cells.iter().zip(&widths).zip(&self.headings).map(|((cell, width), heading)| {
                    if heading.ends_with('#') {
                        format!("{cell:>width$}")
                    } else {
                        format!("{cell:<width$}")
                    }
                });
            padded.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
        };
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_whatever_their_letters_weigh_and_numbers_stand_to_the_right() {
        let mut table = Table::new(&["NAME", "PEOPLE#", "WHY"]);
        table.row(["Zoë".to_owned(), "7".to_owned(), "new".to_owned()]);
        table.row(["Maximilian".to_owned(), "12,345".to_owned(), String::new()]);
        insta::assert_snapshot!(table.words(), @r"
        NAME        PEOPLE  WHY
        Zoë              7  new
        Maximilian  12,345
        ");
        assert_eq!(Table::new(&["NAME"]).words(), "");
    }
}
