//! The front door for both faces: open a context, watch, ask, plan, run, listen.
