"""The nightly story: train, build, judge, release, and look again at what was judged before."""
