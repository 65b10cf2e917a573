#!/bin/sh
exec fuzz/run "${FUZZ_SECONDS:-5}"
