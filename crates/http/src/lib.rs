//! actix-web resources, extractors, authentication; the only place that knows status codes.
