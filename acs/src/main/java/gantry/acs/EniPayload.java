package gantry.acs;

import org.jspecify.annotations.Nullable;

/**
 * The interface of an awsvpc task.
 *
 * @param attachmentArn what the node names when it reports the attachment's state
 * @param subnetCidr the subnet's block: its router is the first address, its resolver the second
 * @param publicIp null when the interface has none
 */
public record EniPayload(
    String attachmentArn,
    String eniId,
    String vpcId,
    String subnetId,
    String macAddress,
    String privateIp,
    String subnetCidr,
    String privateDnsName,
    @Nullable String publicIp) {}
