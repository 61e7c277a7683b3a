"""The only place that wires concrete objects: command line, REST, web pages and reports."""
