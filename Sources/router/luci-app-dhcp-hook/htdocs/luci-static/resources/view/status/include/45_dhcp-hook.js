'use strict';
'require baseclass';
'require rpc';

const askAliases = rpc.declare({ object: 'dhcp-hook', method: 'aliases' });

return baseclass.extend({
	title: _('Aliases'),

	load() {
		return L.resolveDefault(askAliases(), {});
	},

	render(answer) {
		if (!answer.aliases?.length)
			return null;
		const table = E('table', { 'class': 'table' }, [
			E('tr', { 'class': 'tr table-titles' },
				[ _('Alias'), _('Leads to'), _('Address') ].map(title => E('th', { 'class': 'th' }, [ title ])))
		]);
		// Rows of one alias, for instances of dnsmasq that differ, stand together.
		const isOneOfSeveral = ({ alias }, index) =>
			[ answer.aliases[index - 1], answer.aliases[index + 1] ].some(other => other?.alias == alias);
		// To LuCI a string by itself is HTML; in a list it is text.
		cbi_update_table(table, answer.aliases.map((alias, index) => [
			[ alias.alias, ...(isOneOfSeveral(alias, index) ? alias.confdirs ?? [] : []) ].join(' '),
			alias.target ?? '-',
			alias.addresses?.join(' ') || '-',
		].map(cell => E('span', [ cell ]))));
		return table;
	},
});
