"""Tests of step-ott. Foreign vectors and real peers come before round trips of our own."""
