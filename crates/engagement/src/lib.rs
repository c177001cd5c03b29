//! Definitions of funnels, achievements and recognition, and their evaluation. Pure: no IO, no clock.
