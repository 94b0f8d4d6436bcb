"""The small files of the state directory, written so that a power cut or a bad disk loses as little as can be."""
