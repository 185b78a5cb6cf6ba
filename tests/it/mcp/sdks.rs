//! Clients of others do with our server what an assistant does, in each era, over HTTP and over standard input and output.
