package gantry.services.ecr;

import gantry.state.Scope;
import gantry.state.View;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.ecr.model.RegistryScanningConfiguration;
import software.amazon.awssdk.services.ecr.model.RegistryScanningRule;
import software.amazon.awssdk.services.ecr.model.Repository;
import software.amazon.awssdk.services.ecr.model.ScanFrequency;
import software.amazon.awssdk.services.ecr.model.ScanType;
import software.amazon.awssdk.services.ecr.model.ScanningRepositoryFilter;

/** Which repositories are scanned on push: by the registry's rules or by their own setting. */
final class Scanning {

  private Scanning() {}

  static RegistryScanningConfiguration configuration(View view, Scope scope) {
    RegistryScanningConfiguration set = EcrTables.registry(view, scope).scanning();
    return set != null
        ? set
        : RegistryScanningConfiguration.builder().scanType(ScanType.BASIC).rules(List.of()).build();
  }

  static boolean onPush(View view, Scope scope, Repository repository) {
    boolean own =
        repository.imageScanningConfiguration() != null
            && Boolean.TRUE.equals(repository.imageScanningConfiguration().scanOnPush());
    return own || !filters(view, scope, repository.repositoryName()).isEmpty();
  }

  /** The filters by which the registry's rules scan a repository on push. */
  static List<ScanningRepositoryFilter> filters(View view, Scope scope, String name) {
    List<ScanningRepositoryFilter> applied = new ArrayList<>();
    for (RegistryScanningRule rule : configuration(view, scope).rules()) {
      if (rule.scanFrequency() == ScanFrequency.SCAN_ON_PUSH) {
        for (ScanningRepositoryFilter filter : rule.repositoryFilters()) {
          if (covers(filter.filter(), name)) {
            applied.add(filter);
          }
        }
      }
    }
    return applied;
  }

  /** Without a wildcard a filter is any part of the name; with one it is the whole. */
  static boolean covers(String filter, String name) {
    return filter.indexOf('*') < 0 ? name.contains(filter) : Names.matches(filter, name);
  }
}
