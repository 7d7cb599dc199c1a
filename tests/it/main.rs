//! One binary of integration tests, each reading as a sentence.
