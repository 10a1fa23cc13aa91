"""Static pages for readers: templates, charts and the function that fills them."""
