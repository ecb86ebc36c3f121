//! Texts and pictures become documents: front matter, Markdown, fences, genBlog's text form, albums. No file is opened here.
