//! Decides how a router is shown: as a list, as a tree, as a graph for Graphviz.
//!
//! It decides nothing about requests.

use std::fmt;

use super::literals::NONE;
use super::pattern::Pattern;
use super::{Route, Router};

/// `{}` lists the routes in the order of registration; `{:#}` draws the tree in
/// which they are searched, with the methods and the place of registration.
///
/// ```
/// use purlin_core::router::Router;
///
/// let mut router = Router::new();
/// router.insert("GET /users/{id}", ())?;
/// router.insert("PUT /users/{id}", ())?;
/// router.insert("/{$}", ())?;
/// assert_eq!(format!("{router}"), "GET /users/{id}\nPUT /users/{id}\n/{$}\n");
/// let tree = format!("{router:#}");
/// let lines: Vec<_> = tree.lines().map(|line| line.split(" at ").next().unwrap()).collect();
/// assert_eq!(lines, ["every host", "├─ /{$}  every method", "└─ /users", "   └─ /{id}  GET"]);
/// # Ok::<(), purlin_core::router::InsertError>(())
/// ```
impl<T> fmt::Display for Router<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() || self.options.go121 {
            return self.routes.iter().try_for_each(|route| writeln!(f, "{}", route.pattern));
        }
        self.tree_lines(&mut |line| {
            writeln!(f, "{}{}{}", line.indent, line.label, self.endings(line.leaf))
        })
    }
}

/// A router as a graph in Graphviz's language: see [`Router::dot`].
pub struct Dot<'a, T>(&'a Router<T>);

impl<T> fmt::Debug for Dot<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One node or ending of the tree, as it is drawn.
struct Line<'a> {
    /// Its number, and that of the line it hangs under.
    number: usize,
    parent: usize,
    indent: &'a str,
    label: &'a str,
    leaf: u32,
}

/// What is still to be drawn.
struct Todo {
    parent: usize,
    depth: usize,
    last: bool,
    label: String,
    /// A node, unless it is an ending.
    node: u32,
    leaf: u32,
}

impl<T> Router<T> {
    /// The routes as a graph, to be drawn by Graphviz's `dot`.
    ///
    /// ```
    /// use purlin_core::router::Router;
    ///
    /// let mut router = Router::new();
    /// router.insert("GET /users/{id}", ())?;
    /// let graph = router.dot().to_string();
    /// assert!(graph.starts_with("digraph routes {"));
    /// assert!(graph.contains(r#"label="/users""#));
    /// # Ok::<(), purlin_core::router::InsertError>(())
    /// ```
    pub fn dot(&self) -> Dot<'_, T> {
        Dot(self)
    }

    /// Goes through the trees, top down, without recursion: a tree may be deep.
    fn tree_lines(&self, emit: &mut impl FnMut(Line<'_>) -> fmt::Result) -> fmt::Result {
        let mut hosts: Vec<(String, u32)> = vec![("every host".into(), self.root)];
        let named = self.hosts.sorted().into_iter();
        hosts.extend(named.map(|(host, root)| (text(&host), root)));
        let mut number = 0;
        for (host, root) in hosts {
            let mut bars: Vec<bool> = Vec::new();
            let mut todo =
                vec![Todo { parent: 0, depth: 0, last: true, label: host, node: root, leaf: NONE }];
            while let Some(next) = todo.pop() {
                if next.depth == 0 && self.children(&next, 0).is_empty() {
                    continue;
                }
                number += 1;
                bars.truncate(next.depth.saturating_sub(1));
                let indent = indent(&bars, &next);
                bars.extend((next.depth > 0).then_some(!next.last));
                let (parent, label, leaf) = (next.parent, next.label.as_str(), next.leaf);
                emit(Line { number, parent, indent: &indent, label, leaf })?;
                todo.extend(self.children(&next, number));
            }
        }
        Ok(())
    }

    /// What hangs under a node, the last one first.
    fn children(&self, of: &Todo, parent: usize) -> Vec<Todo> {
        let Some(node) = self.tree.nodes.get(of.node as usize) else { return Vec::new() };
        let mut children: Vec<Todo> = Vec::new();
        let mut add = |label: String, node: u32, leaf: u32| {
            let last = children.is_empty();
            children.push(Todo { parent, depth: of.depth + 1, last, label, node, leaf });
        };
        if node.rest != NONE {
            add(format!("/{}", self.written_at_end(node.rest)), NONE, node.rest);
        }
        if let Some(wild) = self.tree.nodes.get(node.wild as usize) {
            add(format!("/{}", self.wild_names(node.wild, of.depth)), node.wild, wild.over);
        }
        for (literal, child) in node.literals.sorted().into_iter().rev() {
            add(format!("/{}", text(&literal)), child, self.tree.nodes[child as usize].over);
        }
        if node.end != NONE {
            add("/{$}".into(), NONE, node.end);
        }
        children
    }

    /// The last segment of the first pattern at a leaf, as it is written.
    fn written_at_end(&self, leaf: u32) -> &str {
        let pattern = self.leaf_routes(leaf).first().map(|route| route.pattern.as_str());
        pattern.and_then(|text| text.rsplit('/').next()).unwrap_or_default()
    }

    /// How the first pattern found below a `{name}` node calls it.
    fn wild_names(&self, node: u32, place: usize) -> String {
        let mut at = node;
        while let Some(node) = self.tree.nodes.get(at as usize) {
            let leaf = [node.over, node.end, node.rest].into_iter().find(|&leaf| leaf != NONE);
            if let Some(leaf) = leaf {
                let pattern: Option<&Pattern> =
                    self.leaf_routes(leaf).first().map(|route| &*route.pattern);
                let name = pattern.and_then(|pattern| pattern.segment(place)?.name());
                return format!("{{{}}}", name.unwrap_or_default());
            }
            let literals = node.literals.first().unwrap_or(NONE);
            at = if literals == NONE { node.wild } else { literals };
        }
        "{}".into()
    }

    fn leaf_routes(&self, leaf: u32) -> Vec<&Route<T>> {
        let Some(leaf) = self.tree.leaves.get(leaf as usize) else { return Vec::new() };
        let any = (leaf.any != NONE).then_some(leaf.any);
        let routes = leaf.methods.iter().map(|&(_, route)| route).chain(any);
        routes.map(|route| &self.routes[route as usize]).collect()
    }

    /// The methods that have a route at a leaf, and where it was registered.
    fn endings(&self, leaf: u32) -> String {
        let routes = self.leaf_routes(leaf);
        let endings: Vec<String> = routes
            .iter()
            .map(|route| {
                format!("{} at {}", route.pattern.method().unwrap_or("every method"), route.site)
            })
            .collect();
        if endings.is_empty() { String::new() } else { format!("  {}", endings.join(", ")) }
    }
}

fn indent(bars: &[bool], next: &Todo) -> String {
    let mut indent: String = bars.iter().map(|&bar| if bar { "│  " } else { "   " }).collect();
    if next.depth > 0 {
        indent.push_str(if next.last { "└─ " } else { "├─ " });
    }
    indent
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl<T> fmt::Display for Dot<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "digraph routes {{\n  rankdir=LR;\n  node [shape=box];")?;
        self.0.tree_lines(&mut |line| {
            let endings = self.0.endings(line.leaf);
            let shape = if endings.is_empty() { "" } else { ", style=bold" };
            let (number, parent) = (line.number, line.parent);
            writeln!(
                f,
                "  n{number} [label={:?}{shape}, tooltip={:?}];",
                line.label,
                endings.trim()
            )?;
            if parent > 0 { writeln!(f, "  n{parent} -> n{number};") } else { Ok(()) }
        })?;
        f.write_str("}\n")
    }
}
