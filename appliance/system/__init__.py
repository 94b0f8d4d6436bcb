"""What every role stands on: sockets between roles, programs that may be started, TLS, signs of life, logs."""
