package gantry.services.ecs.rows;

/**
 * One setting that somebody put.
 *
 * @param principalArn the principal, or "" for the account's default
 */
public record AccountSettingRow(String principalArn, String name, String value) {}
