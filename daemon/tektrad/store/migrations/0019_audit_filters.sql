-- Entries of one agent, of one user, and those that did not end well are found without looking at all the others.
CREATE INDEX audit_by_agent ON audit (agent, number) WHERE agent <> '';
CREATE INDEX audit_by_user ON audit (uid, number);
CREATE INDEX audit_by_outcome ON audit (outcome, number) WHERE outcome <> 'ok' AND outcome <> 'begun';
