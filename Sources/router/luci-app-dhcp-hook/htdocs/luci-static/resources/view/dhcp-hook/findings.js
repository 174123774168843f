'use strict';
'require baseclass';

// To LuCI a string by itself is HTML; in a list it is text.
const box = (style, sentence, findings = []) => E('div', { 'class': `alert-message ${style}`, 'style': 'overflow-wrap: anywhere' }, [
	E('div', [ sentence ]),
	...findings.map(({ file, line, text }) => E('div', [ E('code', [ line == null ? file : `${file}:${line}` ]), ' ', text ])),
]);

return baseclass.extend({
	// Returns why a program did not answer, and what to do.
	failure({ status, text }) {
		return status == 69 ? _('The service debounced is not running, so requests wait. Start it on the page System, Startup.')
			: status == 71 ? _('The programs do not run: install dhcp-hook anew. %s').format(text) : text;
	},

	// Returns a box for each failure and for each kind of finding of `check`, the gravest first.
	boxes(check, failures = []) {
		const [ faults, problems, remarks ] = [ 'fault', 'problem', 'remark' ]
			.map(kind => (check.findings ?? []).filter(finding => finding.kind == kind));
		return [
			...new Set(check.status ? [ ...failures, this.failure(check) ] : failures),
		].map(text => box('danger', text)).concat(
			faults.length ? box('danger', _('The settings are refused, so the earlier settings stay in force. Correct this:'), faults) : [],
			problems.length ? box('danger', '', problems) : [],
			check.in_force === false && !faults.length
				? box('warning', _('The settings were changed and are not in force yet. Restart debounced on the page System, Startup.')) : [],
			remarks.length ? box('warning', '', remarks) : []);
	},
});
