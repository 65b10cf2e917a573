# Judge one test's TAP: awk -v rc=EXIT -v name=NAME -v counts=FILE -f tap.awk OUT
# Prints a line for the test, one for each failure and each skip; writes "passed failed skipped" to counts.
function fail(what) { lines = lines "     FAIL  " name ": " what "\n"; failed++; said = 1 }

{ said = 0 }
/^(not )?ok( |$)/ {
	seen++
	why = ""
	if (match(toupper($0), / # SKIP/))
		why = substr($0, RSTART + 8)
	if ($1 == "not")
		fail($0)
	else if (why != "" || match(toupper($0), / # SKIP *$/)) {
		skipped++
		lines = lines "     skip  " name ": " why "\n"
	} else
		passed++
	bad = ($1 == "not")
	next
}
/^1\.\.[0-9]+/ {
	plans++
	plan = substr($1, 4) + 0
	if (plan == 0 && match(toupper($0), /# SKIP/)) {
		skipped++
		whole = 1
		lines = lines "     skip  " name ": " substr($0, RSTART + 7) "\n"
	}
	next
}
/^Bail out!/ { fail($0) }
/^#/ && bad { lines = lines "           " $0 "\n" }

END {
	if (rc == 124 || rc == 137)
		fail("took too long and was killed")
	if (plans != 1)
		fail(plans ? plans " plans" : "no plan: it ended early")
	else if (plan != seen)
		fail("planned " plan " tests, ran " seen + 0)
	else if (plan == 0 && !whole)
		fail("no test ran")
	if (rc != 0 && !failed)
		fail("exit status " rc)
	if (san != "")
		fail("sanitizer report")
	printf "%s  %s (%d%s)\n%s", failed ? "FAIL" : " ok ", name, passed, skipped ? ", " skipped " skipped" : "", lines
	print passed + 0, failed + 0, skipped + 0 >counts
}
