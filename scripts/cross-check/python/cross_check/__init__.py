"""An independent recomputation of conform402's golden vectors."""
