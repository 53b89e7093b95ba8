"""Pages. A view fetches with the reader's rights, fills a form, calls one service and answers."""
