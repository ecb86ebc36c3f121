//! What words of a page can light up in a figure.
//!
//! Not modelled: the film's small pictures, in which nothing is lit.

use alloc::collections::BTreeSet;

use crate::telling::drawing::Shape;
use crate::telling::player::Player;
use crate::telling::story::Layout;

impl Player {
    /// The names of all marks in the present frame's pictures, and of the figure's quantities, which its charts show.
    #[must_use]
    pub fn entities(&self) -> BTreeSet<&'static str> {
        let mut names: BTreeSet<&'static str> = self.spec.quantities.iter().map(|quantity| quantity.name).collect();
        for layout in [Layout::Wide, Layout::Narrow] {
            collect(&self.run.draw(self.at.frame, layout).shapes, &mut names);
        }
        names
    }
}

fn collect(shapes: &[Shape], names: &mut BTreeSet<&'static str>) {
    for shape in shapes {
        match shape {
            Shape::Mark { entity, shapes, .. } => {
                names.insert(entity);
                collect(shapes, names);
            }
            Shape::Link { shapes, .. } | Shape::Choice { shapes, .. } | Shape::Group { shapes, .. } => {
                collect(shapes, names);
            }
            Shape::Rect { .. } | Shape::Circle { .. } | Shape::Path { .. } | Shape::Words { .. } => {}
        }
    }
}
