"""A real Kafka with its ZooKeeper on this machine's loopback, from nothing: Java, jars, configuration, processes."""
