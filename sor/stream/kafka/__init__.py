"""Everything that talks to Kafka's client library; nothing else imports it."""
