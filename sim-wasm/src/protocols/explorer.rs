//! Every interleaving of the notification protocol.
